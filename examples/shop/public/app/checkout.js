// The cart as a drawer, and the order that ends it.

import { api, newId, rows, userId } from './api.js';
import { cart } from './cart.js';
import { art, byId, h, say } from './dom.js';
import { categoryById, tint } from './grid.js';
import { cents, decimal, euro, shippingCost } from './money.js';
import { rememberGuestOrder } from './orders.js';

const COUNTRIES = ['AT', 'DE', 'DK', 'ES', 'FR', 'IE', 'IT', 'NL'];
const METHODS = { standard: 'Standard, free from €60', express: 'Express, tomorrow', pickup: 'I pick it up' };

export function openCart() {
  const dialog = byId('cart');
  drawLines(dialog);
  if (!dialog.open) dialog.showModal();
}

const closeButton = (dialog) =>
  h('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: () => dialog.close() }, '×');

function drawLines(dialog) {
  const lines = cart.lines();
  const content = lines.length === 0
    ? [h('p', { class: 'empty' }, 'Nothing in it yet.')]
    : [
        h('ul', { class: 'lines' }, lines.map((l) => cartLine(l, dialog))),
        h('p', { class: 'line sum' }, h('span', {}, 'Subtotal'), h('strong', {}, euro(cart.subtotal()))),
        h('button', { type: 'button', class: 'pill strong wide', onclick: () => drawForm(dialog) }, 'Check out'),
      ];
  dialog.replaceChildren(closeButton(dialog), h('h2', { id: 'cart-title' }, 'Your cart'), ...content);
}

function cartLine(line, dialog) {
  const category = categoryById(line.categoryId);
  const change = async (quantity) => {
    try {
      await cart.set(line.variantId, quantity);
      drawLines(dialog);
    } catch (problem) {
      say(problem.message, 'problem');
    }
  };
  return h('li', {},
    h('span', { class: `art tiny ${tint(category)}` }, art(category.slug)),
    h('div', {}, h('strong', {}, line.name), h('span', { class: 'fine' }, line.version),
      h('span', { class: 'line' },
        h('input', { type: 'number', min: 0, max: 99, value: line.quantity, 'aria-label': `Quantity of ${line.title}`, onchange: (e) => change(Number(e.target.value)) }),
        h('button', { type: 'button', class: 'quiet', onclick: () => change(0) }, 'Remove'))),
    h('span', { class: 'price' }, euro(line.price * line.quantity)));
}

async function drawForm(dialog) {
  const known = userId() ? await rows(api().from('addresses').select('*').order('is_default', { ascending: false }).order('id')) : [];
  const field = (name, label, extra = {}) => h('label', {}, label, h('input', { name, required: true, value: known[0]?.[name] ?? null, ...extra }));
  const sum = h('dl', { class: 'totals' });
  const form = h('form', { class: 'checkout' },
    !userId() && field('email', 'E-mail', { type: 'email', autocomplete: 'email' }),
    field('recipient', 'Name', { autocomplete: 'name' }),
    field('street', 'Street and number', { autocomplete: 'street-address' }),
    h('div', { class: 'pair' },
      field('postal_code', 'Postal code', { autocomplete: 'postal-code', maxlength: 12 }),
      field('city', 'City', { autocomplete: 'address-level2' })),
    h('label', {}, 'Country', h('select', { name: 'country' }, COUNTRIES.map((c) =>
      h('option', { value: c, selected: c === (known[0]?.country ?? 'DE') }, new Intl.DisplayNames('en', { type: 'region' }).of(c))))),
    h('label', {}, 'Shipping', h('select', { name: 'shipping', onchange: () => total() }, Object.entries(METHODS).map(([key, label]) => h('option', { value: key }, label)))),
    h('label', {}, 'Note for the courier', h('input', { name: 'note' })),
    sum,
    h('button', { type: 'submit', class: 'pill strong wide' }, 'Place order'));
  const total = () => {
    const subtotal = cart.subtotal();
    const shipping = shippingCost(form.elements.shipping.value, subtotal);
    sum.replaceChildren(
      h('dt', {}, 'Subtotal'), h('dd', {}, euro(subtotal)),
      h('dt', {}, 'Shipping'), h('dd', {}, euro(shipping)),
      h('dt', { class: 'sum' }, 'Total'), h('dd', { class: 'sum' }, euro(subtotal + shipping)));
  };
  total();
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    submit(form, dialog, known[0]);
  });
  dialog.replaceChildren(closeButton(dialog), h('h2', { id: 'cart-title' }, 'Check out'), form);
}

async function submit(form, dialog, address) {
  const button = form.querySelector('[type=submit]');
  button.disabled = true;
  try {
    const placed = await placeOrder(Object.fromEntries(new FormData(form)), address);
    await cart.forget();
    drawThanks(dialog, placed);
  } catch (problem) {
    button.disabled = false;
    say(problem.message, 'problem');
  }
}

/**
 * Four small writes: the cart (a visitor's only now), the order that freezes it, its lines, and the payment.
 * The policies compare each with the one before, so that none of them can claim another price.
 */
async function placeOrder(fields, address) {
  const lines = cart.lines();
  const subtotal = cart.subtotal();
  const { recipient, street, postal_code, city, country } = fields;
  const id = newId();
  const order = {
    id,
    cart_id: await cart.idForOrder(),
    shipping_method: fields.shipping,
    shipping_cost: decimal(shippingCost(fields.shipping, subtotal)),
    subtotal: decimal(subtotal),
    delivery: { recipient, street, postal_code, city, country },
    note: fields.note || null,
  };
  const items = lines.map((l) => ({ order_id: id, variant_id: l.variantId, title: l.title, quantity: l.quantity, unit_price: decimal(l.price) }));
  if (userId()) {
    const sameAddress = address && ['recipient', 'street', 'postal_code', 'city', 'country'].every((k) => address[k] === fields[k]);
    await rows(api().from('orders').insert({ ...order, shipping_address_id: sameAddress ? address.id : null }));
    await rows(api().from('order_items').insert(items));
    const placed = await rows(api().from('orders').select('id, number, total::text').eq('id', id).single());
    await rows(api().from('payments').insert({ order_id: id, method: 'card', amount: placed.total, reference: `FH-${placed.number}-${id.slice(0, 8)}` }));
    return placed;
  }
  await rows(api().from('orders').insert({ ...order, guest_email: fields.email }));
  await rows(api().from('order_items').insert(items));
  rememberGuestOrder(id);
  return rows(api().rpc('guest_order', { of_order: id }).select('number, total::text').single());
}

function drawThanks(dialog, placed) {
  dialog.replaceChildren(
    closeButton(dialog),
    h('div', { class: 'thanks' },
      art('leaf'),
      h('h2', { id: 'cart-title' }, 'Thank you'),
      h('p', {}, 'Your order ', h('strong', { id: 'order-number' }, String(placed.number)), ' is placed.'),
      h('p', { class: 'price big' }, euro(cents(placed.total))),
      h('a', { class: 'pill', href: '#/orders', onclick: () => dialog.close() }, 'See my orders')));
}
