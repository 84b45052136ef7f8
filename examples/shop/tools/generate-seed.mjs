#!/usr/bin/env node
// Writes seed.sql: the same rows every time, because every choice comes from one seeded generator.
//
//     node tools/generate-seed.mjs > seed.sql
//
// Identity columns are left to the database, which numbers rows in the order they are listed; rows refer to one another by
// that order. Money is counted in cents, so every total in the file is exact.

import { collections, departments } from './words-catalog.mjs';
import { careNotes, delivery, firstNames, lastNames, opinions, places, suppliers } from './words-people.mjs';
import { array, date, insert, json, money, timestamp } from './sql-rows.mjs';

const COUNTS = { customers: 200, addresses: 300, orders: 600, guestOrders: 40, reviews: 900, openCarts: 30, wishes: 250 };
const FIRST_DAY = Date.UTC(2025, 0, 2);
const LAST_DAY = Date.UTC(2026, 9, 31);
const DAY_MS = 86_400_000;
const FIRST_ORDER_NUMBER = 10_001;

const ALICE = 'a11ce000-0000-4000-8000-000000000001';
const BOB = 'b0b00000-0000-4000-8000-000000000002';
const SAM = '5a000000-0000-4000-8000-000000000003';

// A 32-bit generator (mulberry32): small, and good enough to scatter rows.
let state = 20_260_801;
function random() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}
const below = (n) => Math.floor(random() * n);
const between = (low, high) => low + below(high - low + 1);
const pick = (list) => list[below(list.length)];
const chance = (p) => random() < p;

/** `count` different elements, in the order they were drawn. */
function sample(list, count) {
  const rest = [...list];
  return Array.from({ length: Math.min(count, rest.length) }, () => rest.splice(below(rest.length), 1)[0]);
}

/** One element, the first ones more often: real shops have favourites. */
const favour = (list) => list[Math.floor(random() ** 2 * list.length)];

function uuid() {
  const hex = (digits) => Array.from({ length: digits }, () => below(16).toString(16)).join('');
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(['8', '9', 'a', 'b'])}${hex(3)}-${hex(12)}`;
}

const moment = (from = FIRST_DAY, to = LAST_DAY) => from + Math.floor(random() * (to - from) / 1000) * 1000;
const slug = (text) =>
  text.normalize('NFD').replace(/[\u0300-\u036f'’]/g, '').toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');

// ---------------------------------------------------------------------------------------------------------- catalog

const categories = [];
const addCategory = (row) => categories.push({ id: categories.length + 1, ...row });
departments.forEach((d, at) => addCategory({ parent: null, slug: d.slug, name: d.name, description: d.description, position: at, published: true }));
departments.forEach((d, at) =>
  d.leaves.forEach((l, position) =>
    addCategory({ parent: at + 1, slug: `${d.slug}-${l.slug}`, name: l.name, description: null, position, published: true, leaf: l })),
);
addCategory({ parent: null, slug: 'workshop', name: 'Workshop', description: 'What we are trying out. Not yet open.', position: 99, published: false });
addCategory({ parent: categories.length, slug: 'workshop-samples', name: 'Samples', description: null, position: 0, published: false });

const products = [];
const variants = [];
for (const category of categories.filter((c) => c.leaf)) {
  const { leaf } = category;
  leaf.nouns.forEach(([noun, line, euros], nounAt) =>
    leaf.series.forEach(([series, brand, phrase, material], seriesAt) => {
      const id = products.length + 1;
      const name = `${series} ${noun}`;
      const created = moment(FIRST_DAY - 200 * DAY_MS, LAST_DAY - 60 * DAY_MS);
      const extra = sample(['new', 'handmade', 'recycled', 'bestseller'].filter((t) => !leaf.tags.includes(t)), below(3));
      const product = {
        id, category: category.id, slug: slug(name), name, noun, brand,
        summary: `${line}, ${phrase}.`,
        description: sample(careNotes, 2).join(' '),
        tags: [...leaf.tags, ...extra],
        attributes: {
          material,
          origin: pick(['DE', 'PT', 'DK', 'PL', 'IT']),
          warranty_years: pick([2, 3, 5, 10]),
          dishwasher: leaf.tags.includes('dishwasher-safe'),
          dimensions: { width_mm: between(4, 60) * 10, height_mm: between(3, 50) * 10 },
        },
        published: id % 25 !== 0,
        released: chance(0.9) ? created + 7 * DAY_MS : null,
        created,
      };
      products.push(product);
      const ending = pick([0, 50, 90, 95]); // cents: the versions of a product differ by whole euros
      leaf.versions.forEach((version, position) => {
        const cents = Math.round(euros * 100 * (seriesAt ? 1.12 : 1)) + leaf.step * 100 * position;
        const price = Math.floor(cents / 100) * 100 + ending;
        variants.push({
          id: variants.length + 1, product, name: version, price,
          sku: `${leaf.slug.slice(0, 3).toUpperCase()}-${String(id).padStart(3, '0')}-${nounAt + 1}${seriesAt + 1}${position + 1}`,
          options: { [leaf.step ? 'size' : 'finish']: version },
          before: chance(0.12) ? price + between(3, 15) * 100 : null,
          stock: chance(0.08) ? 0 : between(1, 120),
          weight: between(6, 400) * 10,
          position,
          active: !chance(0.02),
          cost: Math.round(price * (38 + below(20))), // in hundredths of a cent
        });
      });
    }),
  );
}
const sold = variants.filter((v) => v.product.published && v.active);

// ----------------------------------------------------------------------------------------------------------- people

const customers = [
  { id: ALICE, email: 'alice@example.com', name: 'Alice Nguyen', place: places[0], joined: Date.UTC(2025, 0, 6, 9, 30) },
  { id: BOB, email: 'bob@example.com', name: 'Bob Lindqvist', place: places[4], joined: Date.UTC(2025, 0, 9, 18, 5) },
];
const taken = new Set();
while (customers.length < COUNTS.customers) {
  const name = `${pick(firstNames)} ${pick(lastNames)}`;
  if (taken.has(name)) continue;
  taken.add(name);
  const email = `${slug(name).replaceAll('-', '.')}@example.${pick(['com', 'org', 'net'])}`;
  customers.push({ id: uuid(), email, name, place: pick(places), joined: moment(FIRST_DAY, FIRST_DAY + 120 * DAY_MS) });
}
for (const c of customers) {
  c.phone = chance(0.7) ? `${c.place[1]} ${between(100, 999)} ${between(100_000, 999_999)}` : null;
  c.born = chance(0.6) ? Date.UTC(between(1950, 2005), below(12), between(1, 28)) : null;
  c.newsletter = chance(0.4);
  c.spent = 0;
}

const staff = [
  [uuid(), 'maya@fernhill.example', 'Maya Okafor', 'manager', null, Date.UTC(2019, 2, 1)],
  [SAM, 'sam@fernhill.example', 'Sam Visser', 'support', 0, Date.UTC(2021, 8, 15)],
  [uuid(), 'jonas@fernhill.example', 'Jonas Hofer', 'warehouse', 0, Date.UTC(2020, 4, 4)],
  [uuid(), 'ines@fernhill.example', 'Inês Carvalho', 'support', 1, Date.UTC(2024, 0, 8)],
  [uuid(), 'piotr@fernhill.example', 'Piotr Nowicki', 'warehouse', 2, Date.UTC(2023, 10, 20)],
  [uuid(), 'ruth@fernhill.example', 'Ruth Abara', 'warehouse', 2, Date.UTC(2025, 5, 2)],
];

const addresses = [];
function addAddress(customer, label, isDefault) {
  const [country, , pattern, cities, streets] = customer.place;
  const postal = pattern.replace(/[#A]/g, (c) => (c === '#' ? String(between(1, 9)) : pick('BCDFGHKLMNPR'.split(''))));
  const address = {
    id: addresses.length + 1, customer, label, isDefault, recipient: customer.name,
    street: `${pick(streets)} ${between(1, 140)}`, postal, city: pick(cities), country, created: customer.joined,
  };
  addresses.push(address);
  (customer.addresses ??= []).push(address);
}
customers.forEach((c) => addAddress(c, 'Home', true));
[customers[0], customers[1], ...sample(customers.slice(2), COUNTS.addresses - COUNTS.customers - 2)].forEach((c, at) =>
  addAddress(c, at % 3 === 2 ? 'Parents' : 'Work', false));

// ------------------------------------------------------------------------------------------------------------ sales

/** What an order of that age has become. */
function statusAt(placed) {
  const days = (LAST_DAY - placed) / DAY_MS;
  if (days < 3) return pick(['pending', 'paid']);
  if (days < 7) return pick(['paid', 'packed', 'shipped']);
  if (days < 12) return pick(['shipped', 'delivered']);
  const roll = random();
  return roll < 0.9 ? 'delivered' : roll < 0.96 ? 'cancelled' : 'refunded';
}

const fixed = [
  [0, 20, 'delivered'], [0, 150, 'delivered'], [0, 480, 'shipped'], [0, 655, 'paid'], [0, 660, 'pending'],
  [1, 60, 'delivered'], [1, 200, 'cancelled'], [1, 340, 'refunded'], [1, 662, 'pending'],
].map(([who, day, status]) => ({ customer: customers[who], placed: FIRST_DAY + day * DAY_MS + between(30_000, 60_000) * 1000, status }));
const drawn = Array.from({ length: COUNTS.orders - fixed.length }, (_, at) => {
  const guest = at < COUNTS.guestOrders;
  const customer = guest ? null : favour(customers.slice(2));
  const placed = moment(guest ? FIRST_DAY + 30 * DAY_MS : customer.joined + DAY_MS);
  return { customer, placed, status: statusAt(placed) };
});
const orders = [...fixed, ...drawn].sort((a, b) => a.placed - b.placed);

const PAID = new Set(['paid', 'packed', 'shipped', 'delivered', 'refunded']);
const BOUGHT = new Set(['paid', 'packed', 'shipped', 'delivered']);
const items = [];
const payments = [];
orders.forEach((order, at) => {
  order.id = uuid();
  order.number = FIRST_ORDER_NUMBER + at;
  order.lines = sample(sold, pick([1, 1, 2, 2, 3, 3, 4, 4])).map((variant) => ({ order, variant, quantity: pick([1, 1, 1, 2, 2, 3, 4, 6]) }));
  items.push(...order.lines);
  order.subtotal = order.lines.reduce((sum, l) => sum + l.variant.price * l.quantity, 0);
  order.method = pick(['standard', 'standard', 'standard', 'express', 'pickup']);
  order.shipping = order.method === 'pickup' ? 0 : order.method === 'express' ? 1290 : order.subtotal >= 6000 ? 0 : 490;
  order.total = order.subtotal + order.shipping;
  if (order.customer) {
    order.to = pick(order.customer.addresses);
    order.bill = order.customer.addresses[0];
    if (order.status === 'delivered') order.customer.spent += order.total;
  } else {
    const name = `${pick(firstNames)} ${pick(lastNames)}`;
    const [country, , , cities, streets] = pick(places);
    order.guest = `${slug(name).replaceAll('-', '.')}@example.com`;
    order.to = { recipient: name, street: `${pick(streets)} ${between(1, 99)}`, postal: String(between(1000, 99_999)), city: pick(cities), country };
  }
  order.note = chance(0.12) ? pick(delivery) : null;
  pay(order);
});

function pay(order) {
  const add = (status, amount, minutes) =>
    payments.push({
      order, status, amount, method: pick(['card', 'card', 'transfer', 'wallet']),
      reference: `FH-${order.number}-${payments.length + 1}`,
      details: status === 'failed' ? { reason: pick(['card declined', 'timeout at the bank']) } : { installments: 1 },
      at: order.placed + minutes * 60_000,
    });
  if (PAID.has(order.status) && chance(0.06)) add('failed', order.total, 1);
  if (order.status === 'refunded') add('refunded', order.total, 3);
  else if (PAID.has(order.status)) add('captured', order.total, 3);
  else if (order.status === 'cancelled' && chance(0.5)) add('failed', order.total, 2);
}

// --------------------------------------------------------------------------------- carts, wishes, collections, reviews

const carts = [{ id: 'ca270000-0000-4000-8000-000000000001', customer: customers[0], created: LAST_DAY - 3_600_000 }];
for (const customer of sample(customers.slice(2), COUNTS.openCarts - 1)) carts.push({ id: uuid(), customer, created: moment(LAST_DAY - 20 * DAY_MS) });
const cartItems = carts.flatMap((cart, at) =>
  sample(sold, at === 0 ? 3 : between(1, 5)).map((variant, n) => ({ cart, variant, quantity: between(1, 3), added: cart.created + (n + 1) * 40_000 })));

const wishes = new Map();
const publishedProducts = products.filter((p) => p.published);
while (wishes.size < COUNTS.wishes) {
  const customer = wishes.size < 4 ? customers[0] : pick(customers);
  const product = favour(publishedProducts);
  wishes.set(`${customer.id} ${product.id}`, { customer, product, at: moment(customer.joined) });
}

const members = collections.flatMap((_, at) =>
  sample(products, 14).map((product, position) => ({ collection: at + 1, product, position })));

const reviews = new Map();
function review(customer, product, after) {
  const rating = pick([5, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 2, 1]);
  const words = opinions[rating];
  const verified = orders.some((o) => o.customer === customer && BOUGHT.has(o.status) && o.lines.some((l) => l.variant.product === product));
  const [first, last] = customer.name.split(' ');
  reviews.set(`${customer.id} ${product.id}`, {
    customer, product, rating, verified,
    author: chance(0.8) ? `${first} ${last.replace(/^[dO]['’]/, '')[0]}.` : first,
    title: pick(words.titles),
    body: chance(0.92) ? [pick(words.first), ...(chance(0.7) ? [pick(words.second)] : [])].join(' ').replace('{noun}', nounInText(product.noun)) : null,
    approved: !chance(0.03),
    at: moment(after, LAST_DAY),
  });
}
const nounInText = (noun) => noun.replace(/, (Set|Box) of .*/, '').toLowerCase();

const bought = orders.filter((o) => o.customer && BOUGHT.has(o.status)).flatMap((o) => o.lines.map((l) => [o, l.variant.product]));
for (const [order, product] of bought.filter(([o], at) => o.customer.id === ALICE || at % 3 === 0)) review(order.customer, product, order.placed);
while (reviews.size < COUNTS.reviews) {
  const customer = pick(customers.slice(2));
  review(customer, favour(publishedProducts), customer.joined + DAY_MS);
}
const reviewsByTime = [...reviews.values()].sort((a, b) => a.at - b.at);

// ------------------------------------------------------------------------------------------------------------ output

const out = [
  '-- Rows for development and tests. Written by tools/generate-seed.mjs; do not edit by hand.',
  '-- Rows of tables with an identity column are numbered by the database, in the order they are listed here.',
  insert('staff', ['id', 'email', 'full_name', 'role', 'manager_id', 'hired_on'],
    staff.map(([id, email, name, role, boss, hired]) => [id, email, name, role, boss === null ? null : staff[boss][0], date(hired)])),
  insert('customers', ['id', 'email', 'full_name', 'phone', 'born_on', 'newsletter', 'loyalty_points', 'joined_at'],
    customers.map((c) => [c.id, c.email, c.name, c.phone, date(c.born), c.newsletter, Math.floor(c.spent / 100), timestamp(c.joined)])),
  insert('addresses', ['customer_id', 'label', 'recipient', 'street', 'postal_code', 'city', 'country', 'is_default', 'created_at'],
    addresses.map((a) => [a.customer.id, a.label, a.recipient, a.street, a.postal, a.city, a.country, a.isDefault, timestamp(a.created)])),
  insert('categories', ['parent_id', 'slug', 'name', 'description', 'position', 'published'],
    categories.map((c) => [c.parent, c.slug, c.name, c.description, c.position, c.published])),
  insert('products', ['category_id', 'slug', 'name', 'brand', 'summary', 'description', 'tags', 'attributes', 'published', 'released_on', 'created_at'],
    products.map((p) => [p.category, p.slug, p.name, p.brand, p.summary, p.description, array(p.tags), json(p.attributes), p.published, date(p.released), timestamp(p.created)])),
  insert('product_variants', ['product_id', 'sku', 'name', 'options', 'price', 'compare_at_price', 'stock', 'weight_grams', 'position', 'active'],
    variants.map((v) => [v.product.id, v.sku, v.name, json(v.options), money(v.price), money(v.before), v.stock, v.weight, v.position, v.active])),
  insert('variant_costs', ['variant_id', 'unit_cost', 'supplier', 'updated_at'],
    variants.map((v) => [v.id, money(v.cost, 4), suppliers[v.product.category % suppliers.length], timestamp(v.product.created)])),
  insert('collections', ['slug', 'title', 'description', 'published', 'starts_on'], collections),
  insert('collection_products', ['collection_id', 'product_id', 'position'], members.map((m) => [m.collection, m.product.id, m.position])),
  insert('wishlist_items', ['customer_id', 'product_id', 'added_at'], [...wishes.values()].map((w) => [w.customer.id, w.product.id, timestamp(w.at)])),
  insert('reviews', ['product_id', 'customer_id', 'author_name', 'rating', 'title', 'body', 'verified', 'approved', 'created_at'],
    reviewsByTime.map((r) => [r.product.id, r.customer.id, r.author, r.rating, r.title, r.body, r.verified, r.approved, timestamp(r.at)])),
  insert('carts', ['id', 'customer_id', 'created_at'], carts.map((c) => [c.id, c.customer.id, timestamp(c.created)])),
  insert('cart_items', ['cart_id', 'variant_id', 'quantity', 'added_at'], cartItems.map((i) => [i.cart.id, i.variant.id, i.quantity, timestamp(i.added)])),
  insert('orders', ['id', 'customer_id', 'guest_email', 'status', 'shipping_method', 'shipping_cost', 'subtotal', 'delivery', 'shipping_address_id', 'billing_address_id', 'note', 'placed_at'],
    orders.map((o) => [
      o.id, o.customer?.id ?? null, o.guest ?? null, o.status, o.method, money(o.shipping), money(o.subtotal),
      json({ recipient: o.to.recipient, street: o.to.street, postal_code: o.to.postal, city: o.to.city, country: o.to.country }),
      o.to.id ?? null, o.bill?.id ?? null, o.note, timestamp(o.placed),
    ])),
  insert('order_items', ['order_id', 'variant_id', 'title', 'quantity', 'unit_price'],
    items.map((i) => [i.order.id, i.variant.id, `${i.variant.product.name}, ${i.variant.name}`, i.quantity, money(i.variant.price)])),
  insert('payments', ['order_id', 'method', 'status', 'amount', 'reference', 'details', 'paid_at'],
    payments.map((p) => [p.order.id, p.method, p.status, money(p.amount), p.reference, json(p.details), timestamp(p.at)])),
];
process.stdout.write(`${out.join('\n\n')}\n`);
