// supabase-js writes with the service key: inserts, upserts, updates, deletes, and every constraint that stops one. Error
// texts are PostgreSQL's. Each test makes the rows it changes, so that none depends on another.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, data, failure } from './support/answers.mjs';
import { ALICE, BOB, asService, request } from './support/clients.mjs';
import { serveShop } from './support/mainstay.mjs';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let server;
let shop;

before(async () => {
  server = await serveShop();
  shop = asService(server);
});
after(() => server?.close());

let made = 0;
/** A word no other test uses. */
const fresh = (word = 'thing') => `${word}-${(made += 1)}`;
const category = (extra = {}) => {
  const slug = fresh('category');
  return { slug, name: slug, ...extra };
};
const product = (extra = {}) => {
  const slug = fresh('product');
  return { category_id: 9, slug, name: slug, brand: 'Fernhill', summary: 'Made by a test', ...extra };
};
const addCategory = (extra) => data(shop.from('categories').insert(category(extra)).select().single());
const addProduct = (extra) => data(shop.from('products').insert(product(extra)).select().single());
const addVariant = async (extra = {}) => {
  const { id } = await addProduct();
  return data(shop.from('product_variants').insert({ product_id: id, sku: fresh('sku'), name: 'Only', price: 10, ...extra }).select().single());
};

describe('insert', () => {
  it('answers 201 and nothing unless rows are asked for', async () => {
    const answer = await shop.from('categories').insert(category());
    assert.deepEqual([answer.status, answer.data, answer.error], [201, null, null]);
  });

  it('fills defaults and gives the row back', async () => {
    const { id, ...rest } = await addCategory({ slug: 'defaults', name: 'Defaults' });
    assert.ok(id > 40);
    assert.deepEqual(rest, { parent_id: null, slug: 'defaults', name: 'Defaults', description: null, position: 0, published: true });
    const cart = await data(shop.from('carts').insert({ customer_id: BOB }).select('id,created_at').single());
    assert.match(cart.id, UUID);
    assert.match(cart.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00$/);
  });

  it('takes many rows, in order', async () => {
    const rows = [category(), category(), category()];
    const inserted = await shop.from('categories').insert(rows, { count: 'exact' }).select('id,slug');
    assert.equal(inserted.count, 3);
    assert.deepEqual(inserted.data.map((r) => r.slug), rows.map((r) => r.slug));
    assert.deepEqual(inserted.data.map((r) => r.id), [0, 1, 2].map((n) => inserted.data[0].id + n));
    assert.equal((await shop.from('categories').insert([])).status, 201);
  });

  it('takes null or the default for what a row leaves out, as told', async () => {
    const rows = () => [category({ description: 'with', position: 7 }), category({ position: 8 }), category({ description: 'without position' })];
    const nulls = await failure(shop.from('categories').insert(rows()), '23502', 400);
    assert.equal(nulls.message, 'null value in column "position" of relation "categories" violates not-null constraint');
    const inserted = await data(shop.from('categories').insert(rows(), { defaultToNull: false }).select('description,position'));
    assert.deepEqual(inserted, [{ description: 'with', position: 7 }, { description: null, position: 8 }, { description: 'without position', position: 0 }]);
  });

  it('keeps every type as it was given', async () => {
    const attributes = { material: 'oak "solid"', sizes: [1, 2.5, null], nested: { deep: true } };
    const row = await addProduct({
      tags: ['plain', 'with, comma', 'with "quotes"', 'with {braces}', 'back\\slash', 'ünïcode', ''],
      attributes, released_on: '2026-02-28', created_at: '2026-03-01T12:00:00.123456+02:00', description: "it's; -- fine\n\ttoo 🌱",
    });
    assert.deepEqual(row.tags, ['plain', 'with, comma', 'with "quotes"', 'with {braces}', 'back\\slash', 'ünïcode', '']);
    assert.deepEqual(row.attributes, attributes);
    assert.equal(row.released_on, '2026-02-28');
    assert.equal(row.created_at, '2026-03-01T10:00:00.123456+00:00');
    assert.equal(row.description, "it's; -- fine\n\ttoo 🌱");
    assert.equal(row.search_text, `${row.name} fernhill made by a test`);
    assert.deepEqual(await data(shop.from('products').select('*').eq('id', row.id).single()), row);
  });

  it('rounds decimals to their scale and refuses what does not fit', async () => {
    const texts = [['19.999', '20.00'], [0.1, '0.10'], ['99999999.99', '99999999.99'], [7, '7.00'], ['1e2', '100.00']];
    for (const [given, kept] of texts) {
      const { id } = await addVariant({ price: given });
      assert.deepEqual(await data(shop.from('product_variants').select('price::text').eq('id', id).single()), { price: kept });
    }
    const { id: product_id } = await addProduct();
    const error = await failure(shop.from('product_variants').insert({ product_id, sku: fresh('sku'), name: 'x', price: '100000000' }), '22003', 400);
    assert.equal(error.message, 'numeric field overflow');
    await failure(shop.from('product_variants').insert({ product_id, sku: fresh('sku'), name: 'x', price: 'cheap' }), '22P02', 400);
    await failure(shop.from('product_variants').insert({ product_id, sku: fresh('sku'), name: 'x', price: 1, stock: 3000000000 }), '22003', 400);
  });

  it('computes generated columns and lets nobody set them', async () => {
    const variant = await addVariant({ price: 8, compare_at_price: 12 });
    assert.equal(variant.on_sale, true);
    const error = await failure(shop.from('products').insert(product({ search_text: 'mine' })), '428C9', 400);
    assert.equal(error.message, 'cannot insert a non-DEFAULT value into column "search_text"');
  });

  it('gives back related rows', async () => {
    const { id: product_id, name } = await addProduct();
    const row = await data(
      shop.from('product_variants').insert({ product_id, sku: fresh('sku'), name: 'v', price: 1 }).select('name,products(name,categories(slug))').single(),
    );
    assert.deepEqual(row, { name: 'v', products: { name, categories: { slug: 'kitchen-knives' } } });
  });

  it('is all or nothing', async () => {
    const good = category();
    await failure(shop.from('categories').insert([good, category({ slug: 'kitchen' })]), '23505', 409);
    assert.equal(await count(shop.from('categories').select('*', { count: 'exact', head: true }).eq('slug', good.slug)), 0);
  });

  it('survives many writers at once', async () => {
    const name = fresh('crowd');
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => shop.from('products').insert(product({ brand: name, description: String(n) }))));
    assert.ok(answers.every((a) => a.status === 201));
    const rows = await data(shop.from('products').select('description').eq('brand', name));
    assert.equal(new Set(rows.map((r) => r.description)).size, 40);
  });

  it('takes CSV', async () => {
    const [one, two] = [fresh('csv'), fresh('csv')];
    const answer = await request(server, '/rest/v1/categories?select=slug,name,description', {
      method: 'POST', token: server.keys.service_role_key, body: `slug,name,description\n${one},"One, quoted",NULL\n${two},Two,`,
      headers: { 'content-type': 'text/csv', prefer: 'return=representation' },
    });
    assert.equal(answer.status, 201);
    assert.deepEqual(await answer.json(), [{ slug: one, name: 'One, quoted', description: null }, { slug: two, name: 'Two', description: '' }]);
  });

  it('names the place of a single new row when only headers are wanted', async () => {
    const row = category();
    const answer = await request(server, '/rest/v1/categories', {
      method: 'POST', token: server.keys.service_role_key, body: JSON.stringify(row),
      headers: { 'content-type': 'application/json', prefer: 'return=headers-only' },
    });
    const { id } = await data(shop.from('categories').select('id').eq('slug', row.slug).single());
    assert.equal(answer.status, 201);
    assert.equal(answer.headers.get('location'), `/categories?id=eq.${id}`);
    assert.equal(await answer.text(), '');
  });
});

describe('constraints', () => {
  it('unique', async () => {
    const error = await failure(shop.from('categories').insert({ slug: 'kitchen', name: 'Another' }), '23505', 409);
    assert.equal(error.message, 'duplicate key value violates unique constraint "categories_slug_key"');
    assert.equal(error.details, 'Key (slug)=(kitchen) already exists.');
  });

  it('unique where nulls are equal, too', async () => {
    const error = await failure(shop.from('categories').insert({ slug: fresh(), name: 'Kitchen' }), '23505', 409);
    assert.equal(error.message, 'duplicate key value violates unique constraint "categories_sibling_name_key"');
    assert.equal((await shop.from('categories').insert({ slug: fresh(), name: 'Kitchen', parent_id: 1 })).status, 201);
  });

  it('unique over an expression', async () => {
    const someone = { id: '00000000-0000-4000-8000-00000000abcd', full_name: 'A. Nother' };
    const error = await failure(shop.from('customers').insert({ ...someone, email: 'ALICE@Example.COM' }), '23505', 409);
    assert.equal(error.message, 'duplicate key value violates unique constraint "customers_email_key"');
  });

  it('unique for some rows only', async () => {
    const address = { customer_id: BOB, recipient: 'Bob', street: 's 1', postal_code: '1', city: 'Aarhus', country: 'DK' };
    const error = await failure(shop.from('addresses').insert({ ...address, is_default: true }), '23505', 409);
    assert.equal(error.message, 'duplicate key value violates unique constraint "addresses_one_default_key"');
    assert.equal((await shop.from('addresses').insert(address)).status, 201);
  });

  it('foreign keys, of one column and of two', async () => {
    const error = await failure(shop.from('products').insert(product({ category_id: 9999 })), '23503', 409);
    assert.equal(error.message, 'insert or update on table "products" violates foreign key constraint "products_category_id_fkey"');
    assert.equal(error.details, 'Key (category_id)=(9999) is not present in table "categories".');
    const order = { customer_id: BOB, shipping_cost: 0, shipping_method: 'pickup', subtotal: 10, delivery: {}, shipping_address_id: 1 };
    const foreign = await failure(shop.from('orders').insert(order), '23503', 409);
    assert.equal(foreign.message, 'insert or update on table "orders" violates foreign key constraint "orders_shipping_address_fkey"');
    assert.equal(foreign.details, `Key (customer_id, shipping_address_id)=(${BOB}, 1) is not present in table "addresses".`);
  });

  it('not null', async () => {
    const error = await failure(shop.from('categories').insert({ slug: fresh() }), '23502', 400);
    assert.equal(error.message, 'null value in column "name" of relation "categories" violates not-null constraint');
  });

  it('checks, of columns and of tables', async () => {
    const review = { product_id: 1, customer_id: null, author_name: 'T', title: 't' };
    const rating = await failure(shop.from('reviews').insert({ ...review, rating: 6 }), '23514', 400);
    assert.equal(rating.message, 'new row for relation "reviews" violates check constraint "reviews_rating_check"');
    const { id: product_id } = await addProduct();
    const price = await failure(shop.from('product_variants').insert({ product_id, sku: fresh(), name: 'x', price: 10, compare_at_price: 9 }), '23514', 400);
    assert.equal(price.message, 'new row for relation "product_variants" violates check constraint "product_variants_reduced_price"');
    const order = { customer_id: BOB, guest_email: 'g@example.com', shipping_cost: 4.9, subtotal: 10, delivery: {} };
    const both = await failure(shop.from('orders').insert(order), '23514', 400);
    assert.equal(both.message, 'new row for relation "orders" violates check constraint "orders_customer_or_guest"');
    const tariff = await failure(shop.from('orders').insert({ ...order, guest_email: undefined, shipping_cost: 1 }), '23514', 400);
    assert.equal(tariff.message, 'new row for relation "orders" violates check constraint "orders_shipping_tariff"');
  });

  it('enums, domains and lengths', async () => {
    const order = { customer_id: BOB, shipping_cost: 4.9, subtotal: 10, delivery: {} };
    const status = await failure(shop.from('orders').insert({ ...order, status: 'lost' }), '22P02', 400);
    assert.equal(status.message, 'invalid input value for enum order_status: "lost"');
    const address = { customer_id: BOB, recipient: 'Bob', street: 's 1', postal_code: '1', city: 'Aarhus' };
    const country = await failure(shop.from('addresses').insert({ ...address, country: 'dk' }), '23514', 400);
    assert.equal(country.message, 'value for domain country_code violates check constraint "country_code_check"');
    const { id: product_id } = await addProduct();
    const sku = await failure(shop.from('product_variants').insert({ product_id, sku: 'x'.repeat(25), name: 'x', price: 1 }), '22001', 400);
    assert.equal(sku.message, 'value too long for type character varying(24)');
  });

  it('columns that do not exist', async () => {
    const error = await failure(shop.from('categories').insert(category({ colour: 'red' })), 'PGRST204', 400);
    assert.equal(error.message, "Could not find the 'colour' column of 'categories' in the schema cache");
    await failure(shop.from('categories').update({ colour: 'red' }).eq('id', 1), 'PGRST204', 400);
  });
});

describe('upsert', () => {
  it('merges into the row with the same primary key', async () => {
    const row = await addCategory({ description: 'before', position: 3 });
    const answer = await shop.from('categories').upsert({ id: row.id, slug: row.slug, name: row.name, description: 'after' }).select();
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.data, [{ ...row, description: 'after' }]);
  });

  it('finds the row by another unique key', async () => {
    const row = await addCategory();
    const merged = await data(shop.from('categories').upsert({ slug: row.slug, name: `${row.name} again` }, { onConflict: 'slug' }).select('id,name').single());
    assert.deepEqual(merged, { id: row.id, name: `${row.name} again` });
  });

  it('inserts and merges in one go', async () => {
    const old = await addCategory();
    const added = category();
    const answer = await shop.from('categories').upsert([{ slug: old.slug, name: 'Merged' + old.slug }, added], { onConflict: 'slug' }).select('slug,name');
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.data, [{ slug: old.slug, name: 'Merged' + old.slug }, { slug: added.slug, name: added.name }]);
  });

  it('leaves existing rows alone when told to, and does not return them', async () => {
    const old = await addCategory({ description: 'mine' });
    const added = category();
    const rows = await data(
      shop.from('categories').upsert([{ slug: old.slug, name: 'Stolen' }, added], { onConflict: 'slug', ignoreDuplicates: true }).select('slug'),
    );
    assert.deepEqual(rows, [{ slug: added.slug }]);
    assert.equal((await data(shop.from('categories').select('name').eq('id', old.id).single())).name, old.name);
  });

  it('works on keys of two columns', async () => {
    const { id: product_id } = await addProduct();
    const member = { collection_id: 1, product_id, position: 1 };
    assert.equal((await shop.from('collection_products').upsert(member)).status, 201);
    assert.equal((await shop.from('collection_products').upsert({ ...member, position: 2 })).status, 200);
    assert.deepEqual(await data(shop.from('collection_products').select('position').match({ collection_id: 1, product_id })), [{ position: 2 }]);
  });

  it('still minds the other constraints', async () => {
    const row = await addCategory();
    await failure(shop.from('categories').upsert({ id: row.id, slug: 'kitchen', name: row.name }), '23505', 409);
    await failure(shop.from('categories').upsert({ slug: row.slug, name: null }, { onConflict: 'slug' }), '23502', 400);
  });

  it('by PUT replaces exactly one row', async () => {
    const row = await addCategory({ description: 'before' });
    const put = (path, body) => request(server, path, {
      method: 'PUT', token: server.keys.service_role_key, body: JSON.stringify(body), headers: { 'content-type': 'application/json', prefer: 'return=representation' },
    });
    const replaced = await put(`/rest/v1/categories?id=eq.${row.id}`, { ...row, description: 'after' });
    assert.equal(replaced.status, 200);
    assert.deepEqual(await replaced.json(), [{ ...row, description: 'after' }]);
    const other = await put(`/rest/v1/categories?id=eq.${row.id}`, { ...row, id: row.id + 1 });
    assert.equal(other.status, 400);
    assert.equal((await other.json()).code, 'PGRST115');
    const unfiltered = await put('/rest/v1/categories', row);
    assert.equal(unfiltered.status, 405);
    assert.equal((await unfiltered.json()).code, 'PGRST105');
  });
});

describe('update', () => {
  it('answers 204 and nothing, or 200 and the rows', async () => {
    const row = await addCategory();
    const silent = await shop.from('categories').update({ position: 4 }).eq('id', row.id);
    assert.deepEqual([silent.status, silent.data, silent.error], [204, null, null]);
    const loud = await shop.from('categories').update({ position: 5, description: null }).eq('id', row.id).select('position,description');
    assert.deepEqual([loud.status, loud.data], [200, [{ position: 5, description: null }]]);
  });

  it('changes nothing where nothing matches', async () => {
    const answer = await shop.from('categories').update({ position: 4 }, { count: 'exact' }).eq('id', -1).select();
    assert.deepEqual([answer.status, answer.data, answer.count], [200, [], 0]);
  });

  it('changes all that match, and counts them', async () => {
    const brand = fresh('brand');
    await data(shop.from('products').insert([product({ brand }), product({ brand }), product({ brand, published: true })], { defaultToNull: false }));
    const answer = await shop.from('products').update({ tags: ['changed'] }, { count: 'exact' }).eq('brand', brand).or('published.is.false,name.eq.none').select('tags');
    assert.equal(answer.count, 2);
    assert.deepEqual(answer.data, [{ tags: ['changed'] }, { tags: ['changed'] }]);
    assert.equal(await count(shop.from('products').select('*', { count: 'exact', head: true }).eq('brand', brand).eq('tags', '{}')), 1);
  });

  it('recomputes generated columns', async () => {
    const { id } = await addProduct();
    const row = await data(shop.from('products').update({ name: 'Grand NEW', brand: 'B' }).eq('id', id).select('search_text').single());
    assert.equal(row.search_text, 'grand new b made by a test');
    const error = await failure(shop.from('products').update({ search_text: 'x' }).eq('id', id), '428C9', 400);
    assert.equal(error.message, 'column "search_text" can only be updated to DEFAULT');
  });

  it('minds constraints and changes nothing when one is broken', async () => {
    const variant = await addVariant({ stock: 5 });
    await failure(shop.from('product_variants').update({ stock: -1 }).eq('id', variant.id), '23514', 400);
    await failure(shop.from('product_variants').update({ sku: 'KNI-001-111' }).eq('id', variant.id), '23505', 409);
    await failure(shop.from('product_variants').update({ product_id: 99999 }).eq('id', variant.id), '23503', 409);
    assert.deepEqual(await data(shop.from('product_variants').select('*').eq('id', variant.id).single()), variant);
  });

  it('gives back related rows, in the order asked for', async () => {
    const one = await addVariant();
    const two = await addVariant();
    const rows = await data(
      shop.from('product_variants').update({ stock: 9 }).in('id', [one.id, two.id]).select('id,products(id)').order('id', { ascending: false }),
    );
    assert.deepEqual(rows, [{ id: two.id, products: { id: two.product_id } }, { id: one.id, products: { id: one.product_id } }]);
  });
});

describe('delete', () => {
  it('answers 204 and nothing, or 200 and what was deleted', async () => {
    const [one, two] = [await addCategory(), await addCategory()];
    const silent = await shop.from('categories').delete({ count: 'exact' }).eq('id', one.id);
    assert.deepEqual([silent.status, silent.data, silent.count], [204, null, 1]);
    const loud = await shop.from('categories').delete().eq('id', two.id).select('slug');
    assert.deepEqual([loud.status, loud.data], [200, [{ slug: two.slug }]]);
    assert.equal(await count(shop.from('categories').select('*', { count: 'exact', head: true }).in('id', [one.id, two.id])), 0);
  });

  it('takes dependent rows along, or is stopped by them, or leaves them without', async () => {
    const variant = await addVariant();
    await data(shop.from('variant_costs').insert({ variant_id: variant.id, unit_cost: '1.2345', supplier: 's' }));
    await data(shop.from('products').delete().eq('id', variant.product_id));
    assert.deepEqual(await data(shop.from('product_variants').select('id').eq('id', variant.id)), []);
    assert.deepEqual(await data(shop.from('variant_costs').select('variant_id').eq('variant_id', variant.id)), []);

    const error = await failure(shop.from('categories').delete().eq('id', 9), '23503', 409);
    assert.equal(error.message, 'update or delete on table "categories" violates foreign key constraint "products_category_id_fkey" on table "products"');
    assert.equal(error.details, 'Key (id)=(9) is still referenced from table "products".');

    const boss = { id: '00000000-0000-4000-8000-0000000000aa', email: 'boss@fernhill.example', full_name: 'B', hired_on: '2026-01-01' };
    const worker = { id: '00000000-0000-4000-8000-0000000000bb', email: 'worker@fernhill.example', full_name: 'W', hired_on: '2026-01-01', manager_id: boss.id };
    await data(shop.from('staff').insert([boss, worker], { defaultToNull: false }));
    await data(shop.from('staff').delete().eq('id', boss.id));
    assert.deepEqual(await data(shop.from('staff').delete().eq('id', worker.id).select('manager_id,role')), [{ manager_id: null, role: 'support' }]);
  });
});

describe('limits and endings', () => {
  it('refuses to affect more rows than allowed, and then affects none', async () => {
    const brand = fresh('brand');
    await data(shop.from('products').insert([product({ brand }), product({ brand }), product({ brand })]));
    const error = await failure(shop.from('products').update({ summary: 'changed' }).eq('brand', brand).maxAffected(2), 'PGRST124', 400);
    assert.equal(error.message, 'Query result exceeds max-affected preference constraint');
    assert.equal(error.details, 'The query affects 3 rows');
    await failure(shop.from('products').delete().eq('brand', brand).maxAffected(2), 'PGRST124', 400);
    assert.equal(await count(shop.from('products').select('*', { count: 'exact', head: true }).match({ brand, summary: 'Made by a test' })), 3);
    assert.equal((await shop.from('products').delete().eq('brand', brand).maxAffected(3)).status, 204);
  });

  it('takes a write back when one row was wanted and others came', async () => {
    const brand = fresh('brand');
    await data(shop.from('products').insert([product({ brand }), product({ brand })]));
    const error = await failure(shop.from('products').update({ summary: 'changed' }).eq('brand', brand).select().single(), 'PGRST116', 406);
    assert.equal(error.details, 'The result contains 2 rows');
    assert.equal(await count(shop.from('products').select('*', { count: 'exact', head: true }).match({ brand, summary: 'changed' })), 0);
  });

  it('commits although the client asks to roll back, unless the server allows asking', async () => {
    const row = category();
    assert.equal((await shop.from('categories').insert(row).rollback()).error, null);
    assert.equal(await count(shop.from('categories').select('*', { count: 'exact', head: true }).eq('slug', row.slug)), 1);
  });

  it('keeps a whole cart of a customer together', async () => {
    const cart = await data(shop.from('carts').insert({ customer_id: ALICE }).select('id').single());
    await data(shop.from('cart_items').insert([{ cart_id: cart.id, variant_id: 1, quantity: 2 }, { cart_id: cart.id, variant_id: 3, quantity: 1 }]));
    assert.equal(await data(shop.rpc('cart_subtotal', { of_cart: cart.id })), 245.4);
    await data(shop.from('carts').delete().eq('id', cart.id));
    assert.equal(await count(shop.from('cart_items').select('*', { count: 'exact', head: true }).eq('cart_id', cart.id)), 0);
  });
});
