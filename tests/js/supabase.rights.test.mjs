// What row-level security and grants must hide stays hidden, and what they forbid does not happen: as a visitor, as two
// customers, as staff and with broken tokens. Expected values were computed in PostgreSQL 15 with the same policies.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, data, failure, refused } from './support/answers.mjs';
import { ALICE, BOB, SAM, asService, asUser, asVisitor, request, sign, tokenFor, withToken } from './support/clients.mjs';
import { serveShop } from './support/mainstay.mjs';

const ALICES_CART = 'ca270000-0000-4000-8000-000000000001';
const exact = { count: 'exact', head: true };

let server;
let visitor;
let alice;
let bob;
let sam;
let shop;

before(async () => {
  server = await serveShop();
  visitor = asVisitor(server);
  alice = asUser(server, ALICE);
  bob = asUser(server, BOB);
  sam = asUser(server, SAM);
  shop = asService(server);
});
after(() => server?.close());

const rowsOf = (client, table) => count(client.from(table).select('*', exact));
const numbers = (rows) => rows.map((r) => r.number);

describe('a visitor', () => {
  it('sees what is published and nothing else', async () => {
    for (const [table, visible] of Object.entries({ products: 288, product_variants: 765, categories: 38, collections: 5, collection_products: 67, product_overview: 288 })) {
      assert.equal(await rowsOf(visitor, table), visible, table);
    }
    assert.deepEqual(await data(visitor.from('products').select('id').eq('id', 25)), []);
    assert.deepEqual(await data(visitor.from('products').select('id').is('published', false)), []);
    assert.deepEqual(await data(visitor.from('product_variants').select('id').in('product_id', [25, 50, 300])), []);
    assert.deepEqual(await data(visitor.from('collections').select('id').eq('slug', 'winter-table')), []);
  });

  it('cannot tell through embeds, aggregates or order that there is more', async () => {
    const baking = visitor.from('categories').select('slug,products!inner(name)').eq('products.name', 'Crumb Baking Tray');
    assert.deepEqual(await data(baking), []);
    assert.deepEqual(await data(visitor.from('products').select('id.max(),count()')), [{ max: 299, count: 288 }]);
    assert.deepEqual(await data(visitor.from('categories').select('slug,products(count())').eq('slug', 'children-books').single()), {
      slug: 'children-books', products: [{ count: 9 }],
    });
    assert.deepEqual(await data(visitor.from('products').select('id').order('id', { ascending: false }).limit(1)), [{ id: 299 }]);
    assert.equal((await data(visitor.rpc('search_products', { term: 'crumb baking tray' }))).length, 0);
  });

  it('has no right to a table of people or of sales', async () => {
    for (const table of ['customers', 'staff', 'addresses', 'wishlist_items', 'carts', 'cart_items', 'orders', 'order_items', 'payments', 'variant_costs', 'order_overview']) {
      const error = await refused(visitor.from(table).select());
      assert.match(error.message, /^permission denied for (table|view) /, table);
    }
    await refused(visitor.from('products').select('id,wishlist_items(customer_id)'));
    await refused(visitor.from('product_variants').select('id,variant_costs(unit_cost)'));
    await refused(visitor.from('product_variants').select('id,orders(number)'));
    await refused(visitor.rpc('order_total', { of_order: '985751bb-4e1e-47db-9926-f93d2e6eb9bd' }));
  });

  it('reads reviews without learning who wrote them', async () => {
    assert.equal(await count(visitor.from('reviews').select('id', exact)), 879);
    const review = await data(visitor.from('reviews').select('author_name,rating,title,verified').eq('id', 103).single());
    assert.deepEqual(review, { author_name: 'Paula B.', rating: 5, title: 'Bought a second one', verified: false });
    await refused(visitor.from('reviews').select('*'));
    await refused(visitor.from('reviews').select('id,customer_id'));
    await refused(visitor.from('reviews').select('id').eq('customer_id', ALICE));
    await refused(visitor.from('reviews').select('id').or(`rating.eq.1,customer_id.eq.${ALICE}`));
    await refused(visitor.from('reviews').select('id').order('customer_id'));
    await refused(visitor.from('reviews').select('id,customer_id.count()'));
    await refused(visitor.from('reviews').select('id,customers(full_name)'));
    await refused(visitor.from('products').select('id,reviews!inner(id)').eq('reviews.customer_id', ALICE));
  });

  it('does not see reviews that wait for approval', async () => {
    assert.deepEqual(await data(visitor.from('reviews').select('id').in('id', [39, 76, 92, 871])), []);
    assert.equal(await count(visitor.from('reviews').select('id', exact).is('approved', false)), 0);
  });

  it('changes nothing', async () => {
    await refused(visitor.from('products').update({ name: 'Mine' }).eq('id', 1));
    await refused(visitor.from('products').delete().eq('id', 1));
    await refused(visitor.from('products').insert({ category_id: 9, slug: 'v', name: 'v', brand: 'v', summary: 'v' }));
    await refused(visitor.from('reviews').insert({ product_id: 1, author_name: 'V', rating: 5, title: 'v' }));
    await refused(visitor.from('customers').insert({ id: BOB, email: 'v@example.com', full_name: 'V' }));
    assert.equal((await data(shop.from('products').select('name').eq('id', 1).single())).name, "Alder Chef's Knife");
  });

  it('orders as a guest, for the true price only, and reads nothing back', async () => {
    const cart = crypto.randomUUID();
    const id = crypto.randomUUID();
    const order = { id, cart_id: cart, guest_email: 'guest@example.com', shipping_method: 'pickup', shipping_cost: 0, subtotal: '245.40', delivery: { city: 'Graz' } };
    const item = { order_id: id, variant_id: 1, title: "Alder Chef's Knife, Right-handed", quantity: 2, unit_price: '78.95' };
    const other = { order_id: id, variant_id: 3, title: "Rook Chef's Knife, Right-handed", quantity: 1, unit_price: '87.50' };

    await data(visitor.from('carts').insert({ id: cart }));
    await refused(visitor.from('carts').insert({ id: crypto.randomUUID() }).select());
    await data(visitor.from('cart_items').insert([{ cart_id: cart, variant_id: 1, quantity: 2 }, { cart_id: cart, variant_id: 3, quantity: 1 }]));
    await refused(visitor.from('cart_items').select().eq('cart_id', cart));
    assert.equal(await data(visitor.rpc('cart_subtotal', { of_cart: cart })), 245.4);

    const lie = await refused(visitor.from('orders').insert({ ...order, subtotal: '1.00' }));
    assert.equal(lie.message, 'new row violates row-level security policy for table "orders"');
    await refused(visitor.from('orders').insert({ ...order, status: 'paid' }));
    await refused(visitor.from('orders').insert({ ...order, customer_id: ALICE }));
    await refused(visitor.from('orders').insert(order).select('id'));
    const placed = await visitor.from('orders').insert(order);
    assert.deepEqual([placed.status, placed.error], [201, null]);

    await refused(visitor.from('order_items').insert({ ...item, unit_price: '0.01' }));
    await refused(visitor.from('order_items').insert({ ...item, quantity: 20 }));
    await refused(visitor.from('order_items').insert({ ...item, variant_id: 5 }));
    await refused(visitor.from('order_items').insert([item, { ...other, title: 'Gold' }]));
    await data(visitor.from('order_items').insert([item, other]));

    await refused(visitor.from('cart_items').insert({ cart_id: cart, variant_id: 7, quantity: 1 }));
    await refused(visitor.from('orders').insert({ ...order, id: crypto.randomUUID() }));
    const seen = await data(visitor.rpc('guest_order', { of_order: id }).select('status,total').single());
    assert.deepEqual(seen, { status: 'pending', total: 245.4 });
    const kept = await data(shop.from('orders').select('customer_id,guest_email,total,order_items(quantity,line_total)').eq('id', id).order('variant_id', { referencedTable: 'order_items' }).single());
    assert.deepEqual(kept, {
      customer_id: null, guest_email: 'guest@example.com', total: 245.4,
      order_items: [{ quantity: 2, line_total: 157.9 }, { quantity: 1, line_total: 87.5 }],
    });
  });

  it('cannot put into a cart what is not for sale, nor fill another’s', async () => {
    const cart = crypto.randomUUID();
    await data(visitor.from('carts').insert({ id: cart }));
    const [hidden] = await data(shop.from('product_variants').select('id').eq('product_id', 25).limit(1));
    await refused(visitor.from('cart_items').insert({ cart_id: cart, variant_id: hidden.id, quantity: 1 }));
    await refused(visitor.from('cart_items').insert({ cart_id: ALICES_CART, variant_id: 1, quantity: 1 }));
    await refused(visitor.from('carts').insert({ id: crypto.randomUUID(), customer_id: ALICE }));
  });
});

describe('a customer', () => {
  it('sees herself and what is hers', async () => {
    const sizes = { customers: 1, addresses: 2, orders: 5, order_items: 11, payments: 5, wishlist_items: 7, carts: 1, cart_items: 3, order_overview: 5, staff: 0, variant_costs: 0, products: 288, reviews: 880 };
    for (const [table, size] of Object.entries(sizes)) assert.equal(await rowsOf(alice, table), size, table);
    assert.deepEqual(numbers(await data(alice.from('orders').select('number').order('number'))), [10003, 10086, 10425, 10588, 10593]);
    assert.deepEqual(await data(alice.from('orders').select('total.sum(),count()')), [{ sum: 834.75, count: 5 }]);
    assert.deepEqual(await data(alice.from('order_overview').select('number,lines,units').order('number')), [
      { number: 10003, lines: 1, units: 1 }, { number: 10086, lines: 2, units: 3 }, { number: 10425, lines: 1, units: 3 },
      { number: 10588, lines: 3, units: 8 }, { number: 10593, lines: 4, units: 10 },
    ]);
  });

  it('learns nothing of others: not by key, filter, count, embed, order or aggregate', async () => {
    assert.deepEqual(await data(alice.from('orders').select('id').eq('number', 10020)), []);
    assert.equal(await count(alice.from('customers').select('*', exact).like('email', 'bob%')), 0);
    assert.equal(await count(alice.from('orders').select('*', exact).or('number.eq.10020,number.eq.10003')), 1);
    assert.equal(await count(alice.from('order_items').select('order_id,orders!inner()', exact).eq('orders.number', 10020)), 0);
    assert.equal(await count(alice.from('product_variants').select('id,orders!inner()', exact)), 11);
    assert.equal(await count(alice.from('reviews').select('id,customers!inner()', exact)), 7);
    const authors = await data(alice.from('reviews').select('id,customers(full_name)').not('customers', 'is', null).order('id'));
    assert.deepEqual(authors.map((r) => r.id), [156, 311, 549, 593, 871, 872, 890]);
    assert.ok(authors.every((r) => r.customers.full_name === 'Alice Nguyen'));
    assert.equal(await count(alice.from('products').select('id,wishlist_items!inner()', exact)), 7);
    assert.deepEqual(await data(alice.from('customers').select('loyalty_points.max(),count()')), [{ max: 78, count: 1 }]);
    assert.deepEqual(await data(alice.from('products').select('id,customers(email)').eq('id', 6).single()), { id: 6, customers: [{ email: 'alice@example.com' }] });
    assert.equal(await data(alice.rpc('order_total', { of_order: (await data(shop.from('orders').select('id').eq('number', 10020).single())).id })), null);
  });

  it('cannot change what is another’s: nothing matches', async () => {
    const stolen = await alice.from('addresses').update({ city: 'Nowhere' }, { count: 'exact' }).eq('id', 2).select();
    assert.deepEqual([stolen.error, stolen.data, stolen.count], [null, [], 0]);
    assert.equal((await alice.from('addresses').delete({ count: 'exact' }).eq('id', 202)).count, 0);
    assert.deepEqual(await data(alice.from('customers').update({ full_name: 'Nobody' }).eq('id', BOB).select()), []);
    assert.deepEqual(await data(alice.from('reviews').update({ title: 'Ha' }).eq('id', 167).select()), []);
    assert.deepEqual(await data(shop.from('addresses').select('id,city').in('id', [2, 202]).order('id')), [{ id: 2, city: 'Aarhus' }, { id: 202, city: 'Aarhus' }]);
    assert.equal((await data(shop.from('customers').select('full_name').eq('id', BOB).single())).full_name, 'Bob Lindqvist');
  });

  it('cannot make rows for others, nor give hers away', async () => {
    const address = { recipient: 'B', street: 's 1', postal_code: '1', city: 'Bonn', country: 'DE' };
    const error = await failure(alice.from('addresses').insert({ ...address, customer_id: BOB }), '42501', 403);
    assert.equal(error.message, 'new row violates row-level security policy for table "addresses"');
    await refused(alice.from('addresses').update({ customer_id: BOB }).eq('id', 201));
    await refused(alice.from('addresses').upsert({ ...address, id: 2, customer_id: ALICE }));
    await refused(alice.from('wishlist_items').insert({ customer_id: BOB, product_id: 1 }));
    await refused(alice.from('carts').insert({ customer_id: BOB }));
    await refused(alice.from('customers').insert({ id: BOB, email: 'x@example.com', full_name: 'X' }));
    await refused(alice.from('staff').insert({ id: ALICE, email: 'x@example.com', full_name: 'X', hired_on: '2026-01-01' }));
    assert.equal((await data(shop.from('addresses').select('customer_id').eq('id', 201).single())).customer_id, ALICE);
    assert.equal((await data(shop.from('addresses').select('recipient').eq('id', 2).single())).recipient, 'Bob Lindqvist');
  });

  it('makes rows of her own, owned by whoever sent them', async () => {
    const address = { label: 'Holiday', recipient: 'Bob', street: 's 1', postal_code: '1', city: 'Odense', country: 'DK' };
    const added = await data(bob.from('addresses').insert(address).select('id,customer_id').single());
    assert.equal(added.customer_id, BOB);
    assert.deepEqual(await data(bob.from('addresses').delete().eq('id', added.id).select('label')), [{ label: 'Holiday' }]);
    const wish = { product_id: 1 };
    assert.deepEqual(await data(bob.from('wishlist_items').insert(wish).select('customer_id,product_id').single()), { customer_id: BOB, product_id: 1 });
    await refused(bob.from('wishlist_items').insert({ product_id: 25 }));
    assert.equal((await bob.from('wishlist_items').delete().match({ product_id: 1, customer_id: BOB })).status, 204);
  });

  it('changes the columns granted to her, and no others', async () => {
    assert.deepEqual(await data(bob.from('customers').update({ phone: '+45 1', newsletter: false }).eq('id', BOB).select('phone,newsletter')), [{ phone: '+45 1', newsletter: false }]);
    await refused(bob.from('customers').update({ loyalty_points: 9999 }).eq('id', BOB));
    await refused(bob.from('customers').update({ phone: '1', loyalty_points: 9999 }).eq('id', BOB));
    await refused(bob.from('orders').update({ subtotal: '0.01' }).eq('number', 10594));
    await refused(bob.from('customers').delete().eq('id', BOB));
  });

  it('writes one true review per product', async () => {
    const review = { author_name: 'Alice', rating: 4, title: 'Good', body: null };
    await refused(alice.from('reviews').insert({ ...review, product_id: 3, verified: true }));
    await refused(alice.from('reviews').insert({ ...review, product_id: 3, customer_id: BOB }));
    await refused(alice.from('reviews').insert({ ...review, product_id: 3, approved: false }));
    const added = await data(alice.from('reviews').insert({ ...review, product_id: 3 }).select('id,customer_id,verified').single());
    assert.deepEqual([added.customer_id, added.verified], [ALICE, false]);
    await failure(alice.from('reviews').insert({ ...review, product_id: 3 }), '23505', 409);
    assert.deepEqual(await data(alice.from('reviews').update({ rating: 3 }).eq('id', added.id).select('rating')), [{ rating: 3 }]);
    await refused(alice.from('reviews').update({ approved: false }).eq('id', added.id));
    assert.equal(await data(alice.rpc('has_bought', { of_product: 43 })), true);
    await data(alice.from('reviews').delete().eq('id', added.id));
  });

  it('sees her hidden review and cannot bring it back', async () => {
    assert.equal((await data(alice.from('reviews').select('approved').eq('id', 871).single())).approved, false);
    assert.deepEqual(await data(bob.from('reviews').select('id').eq('id', 871)), []);
    assert.deepEqual(await data(alice.from('reviews').update({ approved: true }).eq('id', 871).select()), []);
  });

  it('fills her cart until she orders it, and pays what it costs', async () => {
    const cart = (await data(bob.from('carts').insert({}).select('id').single())).id;
    await data(bob.from('cart_items').upsert({ cart_id: cart, variant_id: 1, quantity: 1 }));
    await data(bob.from('cart_items').upsert({ cart_id: cart, variant_id: 1, quantity: 2 }));
    await refused(bob.from('cart_items').upsert({ cart_id: ALICES_CART, variant_id: 1, quantity: 1 }));
    await refused(alice.from('cart_items').insert({ cart_id: cart, variant_id: 3, quantity: 1 }));
    assert.deepEqual(await data(bob.from('cart_items').select('variant_id,quantity').eq('cart_id', cart)), [{ variant_id: 1, quantity: 2 }]);

    const order = { cart_id: cart, shipping_cost: 0, subtotal: '157.90', delivery: { city: 'Aarhus' }, shipping_address_id: 2 };
    await refused(alice.from('orders').insert({ ...order, shipping_address_id: null }));
    await failure(bob.from('orders').insert({ ...order, shipping_address_id: 1 }), '23503', 409);
    const placed = await data(bob.from('orders').insert(order).select('id,customer_id,status,total').single());
    assert.deepEqual([placed.customer_id, placed.status, placed.total], [BOB, 'pending', 157.9]);
    await data(bob.from('order_items').insert({ order_id: placed.id, variant_id: 1, title: "Alder Chef's Knife, Right-handed", quantity: 2, unit_price: '78.95' }));

    assert.deepEqual(await data(bob.from('cart_items').update({ quantity: 9 }).eq('cart_id', cart).select()), []);
    assert.deepEqual(await data(bob.from('cart_items').delete().eq('cart_id', cart).select()), []);
    const unordered = await data(bob.from('carts').select('id,orders()').is('orders', null));
    assert.deepEqual(unordered, []);

    const payment = { order_id: placed.id, method: 'card', reference: `test-${placed.id}` };
    await refused(bob.from('payments').insert({ ...payment, amount: '1.00' }));
    await refused(alice.from('payments').insert({ ...payment, amount: '157.90' }));
    await refused(bob.from('payments').insert({ ...payment, amount: '157.90', status: 'captured' }));
    assert.deepEqual(await data(bob.from('payments').insert({ ...payment, amount: '157.90' }).select('status,amount').single()), { status: 'authorized', amount: 157.9 });

    await refused(bob.from('orders').update({ status: 'delivered' }).eq('id', placed.id));
    assert.deepEqual(await data(bob.from('orders').update({ status: 'cancelled' }).eq('id', placed.id).select('status')), [{ status: 'cancelled' }]);
    assert.deepEqual(await data(bob.from('orders').update({ status: 'pending' }).eq('id', placed.id).select()), []);
  });

  it('has no say in the catalog', async () => {
    assert.deepEqual(await data(alice.from('products').update({ name: 'Mine' }).eq('id', 1).select()), []);
    assert.deepEqual(await data(alice.from('product_variants').update({ price: '0.01' }).eq('id', 1).select()), []);
    assert.equal((await alice.from('categories').delete({ count: 'exact' }).eq('id', 40)).count, 0);
    await refused(alice.from('products').insert({ category_id: 9, slug: 'mine', name: 'Mine', brand: 'b', summary: 's' }));
  });
});

describe('staff', () => {
  it('see all of the shop', async () => {
    const sizes = { products: 300, product_variants: 810, variant_costs: 810, categories: 40, collections: 6, staff: 6 };
    for (const [table, size] of Object.entries(sizes)) assert.equal(await rowsOf(sam, table), size, table);
    assert.equal(await count(sam.from('customers').select('*', exact)), await rowsOf(shop, 'customers'));
    assert.equal(await count(sam.from('orders').select('*', exact)), await rowsOf(shop, 'orders'));
    assert.deepEqual(await data(sam.from('orders').select('status,count(),total.sum()').eq('status', 'delivered')), [{ status: 'delivered', count: 527, sum: 165128.2 }]);
    assert.equal(await count(sam.from('products').select('id,product_variants!inner(variant_costs!inner())', exact).gt('product_variants.variant_costs.unit_cost', 0)), 300);
  });

  it('keep the catalog', async () => {
    const added = await data(sam.from('products').insert({ category_id: 9, slug: 'staff-pick', name: 'Staff Pick', brand: 'Fernhill', summary: 's' }).select('id,published').single());
    assert.equal(added.published, false);
    assert.deepEqual(await data(visitor.from('products').select('id').eq('id', added.id)), []);
    await data(sam.from('products').update({ published: true }).eq('id', added.id));
    assert.equal((await data(visitor.from('products').select('id').eq('id', added.id))).length, 1);
    assert.equal((await sam.from('products').delete().eq('id', added.id)).status, 204);
  });

  it('move orders along, except those that are closed for good', async () => {
    const note = (number) => data(sam.from('orders').update({ note: 'seen' }).eq('number', number).select('note'));
    assert.deepEqual(await note(10003), [{ note: 'seen' }]);
    assert.deepEqual(await note(10029), []);
  });

  it('are not above the grants', async () => {
    await refused(sam.from('orders').update({ subtotal: '0.00' }).eq('number', 10003));
    assert.deepEqual(await data(sam.from('customers').update({ full_name: 'X' }).eq('id', ALICE).select()), []);
    await refused(sam.from('staff').delete().eq('id', SAM));
  });
});

describe('keys and tokens', () => {
  const get = async (headers) => {
    const answer = await fetch(`${server.url}/rest/v1/products?select=id&id=eq.25`, { headers });
    return { status: answer.status, body: await answer.json(), challenge: answer.headers.get('www-authenticate') };
  };
  const bearer = (token) => get({ authorization: `Bearer ${token}` });

  it('a request without a key is a visitor’s', async () => {
    assert.deepEqual((await get({})).body, []);
    assert.deepEqual((await get({ apikey: server.keys.anon_key })).body, []);
  });

  it('the service key sees everything, in either header', async () => {
    assert.deepEqual((await bearer(server.keys.service_role_key)).body, [{ id: 25 }]);
    assert.deepEqual((await get({ apikey: server.keys.service_role_key })).body, [{ id: 25 }]);
  });

  it('a person’s token wins over the key it is sent with', async () => {
    const both = { apikey: server.keys.service_role_key, authorization: `Bearer ${tokenFor(ALICE, server.keys)}` };
    assert.deepEqual((await get(both)).body, []);
  });

  it('a token that is expired, not yet valid, forged, unsigned or no token is refused', async () => {
    const now = Math.floor(Date.now() / 1000);
    const person = { role: 'authenticated', sub: SAM };
    const cases = [
      [sign({ ...person, exp: now - 3600 }, server.keys.jwt_secret), 'PGRST303'],
      [sign({ ...person, nbf: now + 3600 }, server.keys.jwt_secret), 'PGRST303'],
      [sign(person, `${server.keys.jwt_secret}x`), 'PGRST301'],
      [sign(person, server.keys.jwt_secret, { alg: 'none' }), 'PGRST301'],
      [sign(person, server.keys.jwt_secret).replace(/\.[^.]*$/, '.'), 'PGRST301'],
      ['not-a-token', 'PGRST301'],
      [server.keys.service_role_key.replace(/.$/, (c) => (c === 'A' ? 'B' : 'A')).replace(/\.[^.]{4}/, '.AAAA'), 'PGRST301'],
    ];
    for (const [token, code] of cases) {
      const answer = await bearer(token);
      assert.equal(answer.status, 401, token);
      assert.equal(answer.body.code, code, JSON.stringify(answer.body));
      assert.match(answer.challenge, /^Bearer/);
    }
    await failure(withToken(server, sign({ ...person, exp: now - 3600 }, server.keys.jwt_secret)).from('products').select(), 'PGRST303', 401);
  });

  it('a token for a role that does not exist opens nothing', async () => {
    for (const role of ['postgres', 'admin', 'service-role', '']) {
      const answer = await bearer(sign({ role, sub: SAM }, server.keys.jwt_secret));
      assert.ok([401, 403].includes(answer.status) || (Array.isArray(answer.body) && answer.body.length === 0), `${role}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
  });

  it('a token with a subject that is no uuid is nobody’s', async () => {
    const answer = await request(server, '/rest/v1/orders?select=id', { token: sign({ role: 'authenticated', sub: 'x' }, server.keys.jwt_secret) });
    assert.ok(answer.status === 400 || (answer.status === 200 && (await answer.json()).length === 0), String(answer.status));
  });

  it('the settings for a page name the public key and no other', async () => {
    const answer = await fetch(`${server.url}/mainstay.json`);
    const text = await answer.text();
    assert.equal(JSON.parse(text).anon_key, server.keys.anon_key);
    assert.ok(!text.includes(server.keys.service_role_key) && !text.includes(server.keys.jwt_secret));
  });
});
