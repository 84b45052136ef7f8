// What was ordered: a customer's orders as the policies let him see them, a guest's by the ids kept in this browser.

import { api, rows, userId } from './api.js';
import { byId, dateOf, h, say } from './dom.js';
import { cents, euro } from './money.js';

const GUEST_KEY = 'fernhill.orders';

const guestOrders = () => JSON.parse(localStorage.getItem(GUEST_KEY) ?? '[]');
export const rememberGuestOrder = (id) => localStorage.setItem(GUEST_KEY, JSON.stringify([id, ...guestOrders()]));

export async function showOrders() {
  const list = userId() ? await customerOrders() : await ordersOfGuest();
  byId('categories').replaceChildren();
  byId('main').replaceChildren(
    h('div', { class: 'heading' }, h('h1', {}, 'Your orders')),
    list.length === 0
      ? h('p', { class: 'empty' }, userId() ? 'No orders yet.' : 'No orders from this browser yet. Sign in to see those of your account.')
      : h('ul', { class: 'orders', 'aria-label': 'Orders' }, list.map(orderCard)));
}

const customerOrders = () =>
  rows(
    api().from('orders')
      .select(`id, number, status, total::text, shipping_cost::text, placed_at,
        order_items ( title, quantity, line_total::text ), payments ( method, status )`)
      .eq('customer_id', userId())
      .order('placed_at', { ascending: false })
      .order('title', { referencedTable: 'order_items' }));

async function ordersOfGuest() {
  const answers = await Promise.all(guestOrders().map((id) =>
    rows(api().rpc('guest_order', { of_order: id }).select('number, status, total::text, placed_at').maybeSingle())));
  return answers.filter(Boolean);
}

function orderCard(order) {
  const cancel = async () => {
    try {
      await rows(api().from('orders').update({ status: 'cancelled' }).eq('id', order.id));
      await showOrders();
    } catch (problem) {
      say(problem.message, 'problem');
    }
  };
  return h('li', {},
    h('p', { class: 'line' },
      h('strong', {}, `Order ${order.number}`),
      h('span', { class: `status ${order.status}` }, order.status)),
    h('p', { class: 'fine' }, dateOf(order.placed_at)),
    order.order_items && h('ul', { class: 'items' }, order.order_items.map((i) =>
      h('li', { class: 'line' }, h('span', {}, `${i.quantity} × ${i.title}`), h('span', {}, euro(cents(i.line_total)))))),
    h('p', { class: 'line sum' }, h('span', {}, 'Total'), h('strong', {}, euro(cents(order.total)))),
    order.id && order.status === 'pending' && h('button', { type: 'button', class: 'quiet', onclick: cancel }, 'Cancel this order'));
}
