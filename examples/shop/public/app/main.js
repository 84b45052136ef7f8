// Starts the page: connects, draws what the address asks for, and keeps the header right.
//
//     #/                              all products
//     #/?category=SLUG&q=TERM&sort=X  some of them
//     #/product/SLUG                  one product, over the grid
//     #/orders                        the orders of whoever is here

import { connect, userId } from './api.js';
import { openAccount, whoAmI } from './account.js';
import { cart } from './cart.js';
import { openCart } from './checkout.js';
import { byId, h, say } from './dom.js';
import { loadCategories, showCategories, showGrid } from './grid.js';
import { showOrders } from './orders.js';
import { closeProduct, openProduct } from './product.js';

function place() {
  const [path, query = ''] = location.hash.replace(/^#/, '').split('?');
  return { path: path || '/', query: new URLSearchParams(query) };
}

async function draw() {
  const { path, query } = place();
  const product = /^\/product\/(.+)$/.exec(path);
  document.body.classList.toggle('on-orders', path === '/orders');
  try {
    if (product) {
      if (!byId('main').hasChildNodes()) await showGrid(query);
      await openProduct(decodeURIComponent(product[1]));
      return;
    }
    closeProduct();
    if (path === '/orders') {
      await showOrders();
    } else {
      showCategories(query);
      byId('search').elements.q.value = query.get('q') ?? '';
      await showGrid(query);
    }
  } catch (problem) {
    say(problem.message, 'problem');
  }
}

function onSearch(event) {
  event.preventDefault();
  const { path, query } = place();
  const term = new FormData(byId('search')).get('q').trim();
  if (path !== '/') for (const key of [...query.keys()]) query.delete(key);
  if (term) query.set('q', term);
  else query.delete('q');
  location.hash = query.size ? `/?${query}` : '/';
}

async function greet() {
  const name = userId() ? await whoAmI() : null;
  byId('account-button').replaceChildren(name ?? 'Sign in');
}

function countCart() {
  byId('cart-count').replaceChildren(String(cart.units()));
}

async function personChanged() {
  await Promise.all([greet(), cart.load()]);
  await draw();
}

async function start() {
  try {
    await connect();
    await loadCategories();
    cart.onChange(countCart);
    byId('search').addEventListener('submit', onSearch);
    byId('search').elements.q.addEventListener('search', onSearch);
    byId('cart-button').addEventListener('click', () => openCart());
    byId('account-button').addEventListener('click', () => openAccount(personChanged));
    window.addEventListener('hashchange', draw);
    await personChanged();
  } catch (problem) {
    byId('main').replaceChildren(h('p', { class: 'empty' }, `The shop cannot open: ${problem.message}`));
  }
}

start();
