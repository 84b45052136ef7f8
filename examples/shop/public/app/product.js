// One product: its variants, facts and reviews, and the way into the cart.

import { api, rows, userId } from './api.js';
import { cart } from './cart.js';
import { art, byId, dateOf, h, say } from './dom.js';
import { categoryById, stars, tint } from './grid.js';
import { cents, euro } from './money.js';

const COLUMNS = `
  id, category_id, slug, name, brand, summary, description, tags, attributes,
  product_variants ( id, name, price::text, compare_at_price::text, stock ),
  reviews ( id, author_name, rating, title, body, verified, created_at )`;

let returnTo = '#/';

export function closeProduct() {
  const dialog = byId('product');
  if (dialog.open) dialog.close();
}

/** Closing the dialog by any means (button, Escape) leads back to where it was opened. */
byId('product').addEventListener('close', () => {
  if (location.hash.startsWith('#/product/')) location.hash = returnTo;
});
window.addEventListener('hashchange', (event) => {
  const from = new URL(event.oldURL).hash;
  if (!from.startsWith('#/product/')) returnTo = from || '#/';
});

export async function openProduct(slug) {
  const product = await rows(
    api().from('products').select(COLUMNS).eq('slug', slug)
      .order('position', { referencedTable: 'product_variants' })
      .order('created_at', { referencedTable: 'reviews', ascending: false })
      .maybeSingle());
  if (!product) {
    say('This product is no longer sold.', 'problem');
    location.hash = returnTo;
    return;
  }
  const dialog = byId('product');
  dialog.replaceChildren(...content(product, dialog));
  if (!dialog.open) dialog.showModal();
}

function content(product, dialog) {
  const category = categoryById(product.category_id);
  return [
    h('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() }, '×'),
    h('div', { class: 'product' },
      h('div', { class: `art large ${tint(category)}` }, art(category.slug)),
      h('div', { class: 'about' },
        h('p', { class: 'brand-name' }, `${product.brand} · ${category.name}`),
        h('h2', { id: 'product-name' }, product.name),
        h('p', { class: 'lead' }, product.summary),
        buyForm(product),
        h('p', {}, product.description),
        facts(product))),
    reviewList(product),
  ];
}

function buyForm(product) {
  const variants = product.product_variants;
  const price = h('p', { class: 'price big' });
  const stock = h('p', { class: 'stock' });
  const button = h('button', { type: 'submit', class: 'pill strong' }, 'Add to cart');
  const select = (variant) => {
    const before = variant.compare_at_price && h('s', {}, euro(cents(variant.compare_at_price)));
    price.replaceChildren(euro(cents(variant.price)), ...(before ? [' ', before] : []));
    stock.replaceChildren(variant.stock === 0 ? 'Sold out at the moment' : variant.stock < 6 ? `Only ${variant.stock} left` : 'In stock');
    button.disabled = variant.stock === 0;
  };
  const chosen = () => variants.find((v) => String(v.id) === form.elements.variant.value);
  const first = variants.find((v) => v.stock > 0) ?? variants[0];
  const form = h('form', { class: 'buy' },
    h('fieldset', {}, h('legend', { class: 'unseen' }, 'Version'),
      variants.map((v) => h('label', { class: 'choice' },
        h('input', { type: 'radio', name: 'variant', value: v.id, checked: v === first, onchange: () => select(v) }), h('span', {}, v.name)))),
    price, stock,
    h('div', { class: 'line' },
      h('label', {}, h('span', { class: 'unseen' }, 'Quantity'), h('input', { type: 'number', name: 'quantity', min: 1, max: 99, value: 1 })),
      button));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await cart.add(chosen().id, Number(form.elements.quantity.value));
      say(`${product.name} is in your cart.`);
    } catch (problem) {
      say(problem.message, 'problem');
    }
  });
  if (!first) return h('p', { class: 'stock' }, 'Not for sale at the moment.');
  select(first);
  return form;
}

function facts(product) {
  const { material, origin, warranty_years: years, dimensions, dishwasher } = product.attributes;
  const lines = [
    ['Material', material],
    ['Made in', origin && new Intl.DisplayNames('en', { type: 'region' }).of(origin)],
    ['Size', dimensions && `${dimensions.width_mm} × ${dimensions.height_mm} mm`],
    ['Warranty', years && `${years} years`],
    ['Dishwasher', dishwasher && 'yes'],
  ].filter(([, value]) => value);
  return [
    h('dl', { class: 'facts' }, lines.map(([name, value]) => [h('dt', {}, name), h('dd', {}, value)])),
    h('p', { class: 'tags' }, product.tags.map((tag) => h('span', {}, tag))),
  ];
}

function reviewList(product) {
  const { reviews } = product;
  const mean = reviews.length ? reviews.reduce((sum, r) => sum + r.rating, 0) / reviews.length : 0;
  return h('section', { class: 'reviews', 'aria-label': 'Reviews' },
    h('h3', {}, reviews.length ? `${reviews.length} ${reviews.length === 1 ? 'review' : 'reviews'}, ${mean.toFixed(1)} of 5` : 'No reviews yet'),
    reviews.map((r) => h('article', {},
      h('p', { class: 'line' }, stars(r.rating, `${r.rating} of 5 stars`), h('strong', {}, r.title)),
      r.body && h('p', {}, r.body),
      h('p', { class: 'fine' }, `${r.author_name} · ${dateOf(r.created_at)}${r.verified ? ' · bought here' : ''}`))),
    userId() && reviewForm(product));
}

function reviewForm(product) {
  const form = h('form', { class: 'review-form' },
    h('h4', {}, 'Your opinion'),
    h('label', {}, 'Stars ', h('select', { name: 'rating' }, [5, 4, 3, 2, 1].map((n) => h('option', { value: n }, String(n))))),
    h('label', {}, 'Name ', h('input', { name: 'author_name', required: true, maxlength: 60 })),
    h('label', {}, 'Title ', h('input', { name: 'title', required: true, maxlength: 120 })),
    h('label', {}, 'Text ', h('textarea', { name: 'body', rows: 3 })),
    h('button', { type: 'submit', class: 'pill' }, 'Publish'));
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const { rating, author_name, title, body } = Object.fromEntries(new FormData(form));
    try {
      // The policy compares `verified` with the orders; a claim that is not true is refused.
      const verified = await rows(api().rpc('has_bought', { of_product: product.id }));
      await rows(api().from('reviews').insert({ product_id: product.id, rating: Number(rating), author_name, title, body: body || null, verified }));
      await openProduct(product.slug);
    } catch (problem) {
      say(problem.code === '23505' ? 'You have reviewed this product already.' : problem.message, 'problem');
    }
  });
  return form;
}
