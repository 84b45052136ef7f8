// The products as a grid: categories, search, order, and more on demand.

import { api, rows } from './api.js';
import { art, byId, h, say } from './dom.js';
import { cents, euro } from './money.js';

const PAGE_SIZE = 24;
const COLUMNS =
  'id,category_id,slug,name,brand,price_from::text,price_to::text,in_stock,review_count,rating::text';

const ORDERS = {
  newest: ['Newest', 'created_at', { ascending: false }],
  name: ['Name', 'name', { ascending: true }],
  cheap: ['Price, low to high', 'price_from', { ascending: true }],
  dear: ['Price, high to low', 'price_from', { ascending: false }],
  rated: ['Best rated', 'rating', { ascending: false, nullsFirst: false }],
};

let categories = [];

export async function loadCategories() {
  categories = await rows(api().from('categories').select('id,parent_id,slug,name,description').order('position').order('id'));
}

export const categoryById = (id) => categories.find((c) => c.id === id);
const childrenOf = (category) => categories.filter((c) => c.parent_id === category.id);

/** The department a category belongs to gives its pictures their colour. */
export function tint(category) {
  const department = category.parent_id ?? category.id;
  const tops = categories.filter((c) => c.parent_id === null);
  return `tint-${tops.findIndex((c) => c.id === department) % 8}`;
}

export function showCategories(query) {
  const chosen = categories.find((c) => c.slug === query.get('category'));
  const department = chosen && (chosen.parent_id === null ? chosen : categoryById(chosen.parent_id));
  const link = (category, current) => {
    const to = new URLSearchParams(query);
    if (category) to.set('category', category.slug);
    else to.delete('category');
    return h('a', { href: to.size ? `#/?${to}` : '#/', 'aria-current': current ? 'true' : null }, category?.name ?? 'Everything');
  };
  byId('categories').replaceChildren(
    h('div', { class: 'row' }, link(null, !chosen), categories.filter((c) => c.parent_id === null).map((c) => link(c, c === department))),
    department ? h('div', { class: 'row fine' }, childrenOf(department).map((c) => link(c, c === chosen))) : '',
  );
}

function ask(query, from) {
  const category = categories.find((c) => c.slug === query.get('category'));
  const term = query.get('q');
  const [, column, direction] = ORDERS[query.get('sort')] ?? ORDERS.newest;
  let wanted = api().from('product_overview').select(COLUMNS, { count: 'exact' });
  if (category) wanted = wanted.in('category_id', [category, ...childrenOf(category)].map((c) => c.id));
  if (term) wanted = wanted.like('search_text', `%${term.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`);
  return rows(wanted.order(column, direction).order('id').range(from, from + PAGE_SIZE - 1));
}

export function stars(rating, label) {
  const full = Math.round(Number(rating));
  return h('span', { class: 'stars', role: 'img', 'aria-label': label }, '★'.repeat(full), h('span', { class: 'off' }, '★'.repeat(5 - full)));
}

function priceRange({ price_from: low, price_to: high }) {
  if (low === null) return 'Not for sale now';
  return low === high ? euro(cents(low)) : `from ${euro(cents(low))}`;
}

function card(product) {
  const category = categoryById(product.category_id);
  const range = priceRange(product);
  return h('li', {},
    h('a', { class: 'card', href: `#/product/${product.slug}` },
      h('span', { class: `art ${tint(category)}` }, art(category.slug), product.in_stock === 0 && h('span', { class: 'badge' }, 'Sold out')),
      h('span', { class: 'brand-name' }, product.brand),
      h('span', { class: 'name' }, product.name),
      h('span', { class: 'line' },
        h('span', { class: 'price' }, range),
        product.review_count > 0 &&
          h('span', { class: 'rating' }, stars(product.rating, `${product.rating} of 5 stars`), h('small', {}, `(${product.review_count})`)))));
}

function sortBox(query) {
  const current = query.get('sort') ?? 'newest';
  const choose = (event) => {
    const to = new URLSearchParams(query);
    to.set('sort', event.target.value);
    location.hash = `/?${to}`;
  };
  return h('label', { class: 'sort' }, 'Sort by ',
    h('select', { onchange: choose }, Object.entries(ORDERS).map(([key, [label]]) => h('option', { value: key, selected: key === current }, label))));
}

let drawing = 0; // the newest call draws; an answer that comes late is dropped

export async function showGrid(query) {
  const mine = ++drawing;
  const { data, count } = await ask(query, 0);
  if (mine !== drawing) return;

  const category = categories.find((c) => c.slug === query.get('category'));
  const title = query.get('q') ? `“${query.get('q')}”` : category?.name ?? 'Everything we make';
  const grid = h('ul', { class: 'grid', 'aria-label': 'Products' }, data.map(card));
  const more = h('button', { type: 'button', class: 'pill wide', onclick: () => addPage() }, 'Show more');
  const shown = h('p', { class: 'found' });
  const update = () => {
    shown.replaceChildren(count === 1 ? '1 product' : `${count} products`);
    more.hidden = grid.children.length >= count;
  };
  async function addPage() {
    more.disabled = true;
    try {
      const next = await ask(query, grid.children.length);
      grid.append(...next.data.map(card));
    } catch (problem) {
      say(problem.message, 'problem');
    }
    more.disabled = false;
    update();
  }
  update();
  byId('main').replaceChildren(
    h('div', { class: 'heading' }, h('div', {}, h('h1', {}, title), category?.description && h('p', { class: 'lead' }, category.description)), h('div', { class: 'tools' }, shown, sortBox(query))),
    count === 0 ? h('p', { class: 'empty' }, 'Nothing found. Try a shorter word.') : grid,
    more);
}
