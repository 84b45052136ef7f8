// The cart. A visitor's lives in the browser until he orders; a customer's lives in the database and follows him.

import { api, newId, rows, userId } from './api.js';
import { cents } from './money.js';

const GUEST_KEY = 'fernhill.cart';
const VARIANT = 'id, name, price::text, stock, product:products ( name, slug, category_id )';

let lines = []; // [{ variantId, quantity, name, price (cents), slug, categoryId }]
let cartId = null; // of a customer's open cart
const listeners = [];

const changed = () => listeners.forEach((tell) => tell());

function line(variant, quantity) {
  const { product } = variant;
  return {
    variantId: variant.id, quantity, price: cents(variant.price), slug: product.slug, categoryId: product.category_id,
    name: product.name, version: variant.name, title: `${product.name}, ${variant.name}`,
  };
}

const guestItems = () => JSON.parse(localStorage.getItem(GUEST_KEY) ?? '[]');
const keepGuestItems = (items) => localStorage.setItem(GUEST_KEY, JSON.stringify(items));

async function loadGuest() {
  const items = guestItems();
  if (!items.length) return [];
  const variants = await rows(api().from('product_variants').select(VARIANT).in('id', items.map((i) => i.variantId)));
  const known = new Map(variants.map((v) => [v.id, v]));
  return items.filter((i) => known.has(i.variantId)).map((i) => line(known.get(i.variantId), i.quantity));
}

/** A customer's open cart is the newest one without an order: an anti-join on the embedded order. */
async function loadCustomer() {
  const found = await rows(
    api().from('carts')
      .select(`id, orders(), cart_items ( quantity, added_at, variant:product_variants ( ${VARIANT} ) )`)
      .eq('customer_id', userId())
      .is('orders', null)
      .order('created_at', { ascending: false })
      .order('added_at', { referencedTable: 'cart_items' })
      .limit(1));
  cartId = found[0]?.id ?? null;
  return (found[0]?.cart_items ?? []).filter((i) => i.variant).map((i) => line(i.variant, i.quantity));
}

async function ensureCart() {
  if (!cartId) cartId = (await rows(api().from('carts').insert({}).select('id').single())).id;
  return cartId;
}

async function setForCustomer(variantId, quantity) {
  const id = await ensureCart();
  const items = api().from('cart_items');
  await rows(quantity === 0
    ? items.delete().eq('cart_id', id).eq('variant_id', variantId)
    : items.upsert({ cart_id: id, variant_id: variantId, quantity }));
}

function setForGuest(variantId, quantity) {
  const items = guestItems();
  const at = items.findIndex((i) => i.variantId === variantId);
  if (quantity === 0) items.splice(at, 1);
  else if (at >= 0) items[at].quantity = quantity;
  else items.push({ variantId, quantity });
  keepGuestItems(items);
}

export const cart = {
  lines: () => lines,
  units: () => lines.reduce((sum, l) => sum + l.quantity, 0),
  subtotal: () => lines.reduce((sum, l) => sum + l.price * l.quantity, 0),
  onChange: (tell) => listeners.push(tell),

  async load() {
    cartId = null;
    lines = userId() ? await loadCustomer() : await loadGuest();
    changed();
  },

  async set(variantId, quantity) {
    const wanted = Math.max(0, Math.min(99, Math.trunc(quantity) || 0));
    if (userId()) await setForCustomer(variantId, wanted);
    else setForGuest(variantId, wanted);
    await cart.load();
  },

  add(variantId, quantity) {
    const present = lines.find((l) => l.variantId === variantId)?.quantity ?? 0;
    return cart.set(variantId, present + quantity);
  },

  /** The id of a cart in the database with these lines: a visitor's is written now, under an id only he knows. */
  async idForOrder() {
    if (userId()) return ensureCart();
    const id = newId();
    await rows(api().from('carts').insert({ id }));
    await rows(api().from('cart_items').insert(lines.map((l) => ({ cart_id: id, variant_id: l.variantId, quantity: l.quantity }))));
    return id;
  },

  async forget() {
    if (!userId()) keepGuestItems([]);
    await cart.load();
  },
};
