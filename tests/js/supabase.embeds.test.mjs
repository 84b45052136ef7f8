// supabase-js follows the shop's relationships: every cardinality, hints, joins, spreads, filters and order in embeds,
// and functions that return rows. Expected values were computed with plain SQL in PostgreSQL 15 over the same seed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, data, failure } from './support/answers.mjs';
import { ALICE, SAM, asService, asUser, asVisitor } from './support/clients.mjs';
import { serveShop } from './support/mainstay.mjs';

let server;
let db;
let shop; // service_role

before(async () => {
  server = await serveShop();
  db = asVisitor(server);
  shop = asService(server);
});
after(() => server?.close());

const ids = (rows) => rows.map((r) => r.id);
const exact = { count: 'exact', head: true };

describe('cardinalities', () => {
  it('many-to-one gives an object', async () => {
    const rows = await data(db.from('products').select('name,categories(name,slug)').in('id', [1, 6, 11]).order('id'));
    assert.deepEqual(rows, [
      { name: "Alder Chef's Knife", categories: { name: 'Knives', slug: 'kitchen-knives' } },
      { name: 'Rook Paring Knife', categories: { name: 'Knives', slug: 'kitchen-knives' } },
      { name: 'Forge Skillet', categories: { name: 'Pots and pans', slug: 'kitchen-pans' } },
    ]);
  });

  it('one-to-many gives an array, in the order asked for', async () => {
    const rows = await data(
      db.from('products').select('id,product_variants(id,name,price)').in('id', [11, 12]).order('id')
        .order('position', { referencedTable: 'product_variants', ascending: false }),
    );
    assert.deepEqual(rows, [
      { id: 11, product_variants: [{ id: 23, name: '28 cm', price: 81.5 }, { id: 22, name: '24 cm', price: 65.5 }, { id: 21, name: '20 cm', price: 49.5 }] },
      { id: 12, product_variants: [{ id: 26, name: '28 cm', price: 86 }, { id: 25, name: '24 cm', price: 70 }, { id: 24, name: '20 cm', price: 54 }] },
    ]);
  });

  it('one-to-one gives an object on both sides', async () => {
    const variant = await data(shop.from('product_variants').select('sku,variant_costs(unit_cost::text,supplier)').eq('id', 1).single());
    assert.deepEqual(variant, { sku: 'KNI-001-111', variant_costs: { unit_cost: '44.2120', supplier: 'Porto Ceramics Union' } });
    const cost = await data(shop.from('variant_costs').select('supplier,product_variants(sku)').eq('variant_id', 1).single());
    assert.deepEqual(cost, { supplier: 'Porto Ceramics Union', product_variants: { sku: 'KNI-001-111' } });
    const cart = await data(asUser(server, ALICE).from('carts').select('id,orders(number)').single());
    assert.deepEqual(cart, { id: 'ca270000-0000-4000-8000-000000000001', orders: null });
  });

  it('many-to-many goes through the junction', async () => {
    const rows = await data(db.from('collections').select('slug,products(id)').order('slug').order('id', { referencedTable: 'products' }));
    assert.deepEqual(
      rows.map((r) => [r.slug, r.products.length, r.products[0].id, r.products.at(-1).id]),
      [
        ['balcony-season', 13, 31, 276], ['first-flat', 14, 3, 261], ['out-in-the-rain', 14, 3, 296], ['slow-morning', 14, 31, 296],
        ['under-twenty', 12, 3, 279],
      ],
    );
    const product = await data(db.from('products').select('id,collections(slug)').eq('id', 3).single());
    assert.deepEqual(product.collections.map((c) => c.slug).sort(), ['first-flat', 'out-in-the-rain', 'under-twenty']);
  });

  it('a junction can be read itself, with both its sides', async () => {
    const rows = await data(
      db.from('collections').select('slug,collection_products(position,products(name))').eq('slug', 'first-flat')
        .order('position', { referencedTable: 'collection_products' }).limit(3, { referencedTable: 'collection_products' }),
    );
    assert.deepEqual(rows[0].collection_products.map((m) => m.products.name), ['Larder Food Jar', 'Hearth Bundt Mould', 'Rove Food Jar']);
  });

  it('a table embeds itself, upwards and downwards', async () => {
    const up = await data(db.from('categories').select('name,parent:parent_id(name)').in('id', [1, 9]).order('id'));
    assert.deepEqual(up, [{ name: 'Kitchen', parent: null }, { name: 'Knives', parent: { name: 'Kitchen' } }]);
    const down = await data(
      db.from('categories').select('name,children:categories!parent_id(name)').eq('slug', 'bath').order('position', { referencedTable: 'children' }).single(),
    );
    assert.deepEqual(down, { name: 'Bath', children: [{ name: 'Towels' }, { name: 'Soap and care' }, { name: 'Bathroom fittings' }] });
  });

  it('a view has the relations of its table', async () => {
    const row = await data(db.from('product_overview').select('slug,categories(slug)').eq('id', 11).single());
    assert.deepEqual(row, { slug: 'forge-skillet', categories: { slug: 'kitchen-pans' } });
  });
});

describe('choosing the relation', () => {
  it('by the foreign key’s column, its constraint and the table', async () => {
    for (const target of ['categories', 'category_id', 'products_category_id_fkey', 'categories!products_category_id_fkey', 'categories!category_id']) {
      const row = await data(db.from('products').select(`c:${target}(slug)`).eq('id', 1).single());
      assert.deepEqual(row, { c: { slug: 'kitchen-knives' } }, target);
    }
  });

  it('asks for a hint when there are several', async () => {
    const alice = asUser(server, ALICE);
    const error = await failure(alice.from('orders').select('id,addresses(city)'), 'PGRST201', 300);
    assert.equal(error.message, "Could not embed because more than one relationship was found for 'orders' and 'addresses'");
    assert.match(error.hint, /^Try changing 'addresses' to one of the following: /);
    assert.match(error.hint, /'addresses!orders_shipping_address_fkey'/);
    assert.match(error.hint, /'addresses!orders_billing_address_fkey'/);
    assert.equal(error.details.length, 2);
    assert.deepEqual(new Set(error.details.map((d) => d.cardinality)), new Set(['many-to-one']));
    const order = await data(
      alice.from('orders')
        .select('number,ship:addresses!orders_shipping_address_fkey(label,city),bill:addresses!orders_billing_address_fkey(label,city)')
        .eq('number', 10003).single(),
    );
    assert.deepEqual(order, { number: 10003, ship: { label: 'Work', city: 'Köln' }, bill: { label: 'Home', city: 'Berlin' } });
  });

  it('says when there is none', async () => {
    const error = await failure(db.from('products').select('id,carts(id)'), 'PGRST200', 400);
    assert.equal(error.message, "Could not find a relationship between 'products' and 'carts' in the schema cache");
    assert.equal(error.details, "Searched for a foreign key relationship between 'products' and 'carts' in the schema 'public', but no matches were found.");
    const hinted = await failure(db.from('products').select('id,categories!wrong(id)'), 'PGRST200', 400);
    assert.equal(
      hinted.details,
      "Searched for a foreign key relationship between 'products' and 'categories' using the hint 'wrong' in the schema 'public', but no matches were found.",
    );
  });
});

describe('joins and filters', () => {
  it('a filter on an embed keeps the parents', async () => {
    const rows = await data(db.from('products').select('id,product_variants(price)').eq('product_variants.price', '65.50').in('id', [11, 12]).order('id'));
    assert.deepEqual(rows, [{ id: 11, product_variants: [{ price: 65.5 }] }, { id: 12, product_variants: [] }]);
  });

  it('an inner join drops parents without a match, and the count follows', async () => {
    const answer = await db.from('products').select('id,name,product_variants!inner()', { count: 'exact' }).gt('product_variants.price', 300).order('id');
    assert.equal(answer.error, null);
    assert.equal(answer.count, 2);
    assert.deepEqual(answer.data, [{ id: 107, name: 'Joist Sideboard' }, { id: 108, name: 'Ledger Sideboard' }]);
    assert.equal(await count(db.from('products').select('id,product_variants!inner(id)', exact).eq('product_variants.stock', 0)), 57);
    assert.equal(await count(db.from('products').select('id,product_variants!left(id)', exact).eq('product_variants.stock', 0)), 288);
  });

  it('inner joins nest', async () => {
    const inGarden = db.from('products').select('id,categories!inner(parent:parent_id!inner(slug))', exact).eq('categories.parent.slug', 'garden');
    assert.equal(await count(inGarden), 39);
  });

  it('an embed that is null is an anti-join, one that is not null a semi-join', async () => {
    const without = await db.from('products').select('id,reviews()', { count: 'exact' }).is('reviews', null).order('id').limit(1);
    assert.equal(without.count, 17);
    assert.deepEqual(Object.keys(without.data[0]), ['id']);
    assert.equal(await count(db.from('products').select('id,reviews()', exact).not('reviews', 'is', null)), 271);
    const noFive = db.from('products').select('id,reviews()', exact).eq('reviews.rating', 5).is('reviews', null);
    assert.equal(await count(noFive), 89);
  });

  it('embeds can be alternatives to one another', async () => {
    const query = db.from('products').select('id,reviews(),product_variants()', exact)
      .gt('product_variants.price', 300).or('reviews.is.null,product_variants.not.is.null');
    assert.equal(await count(query), 19);
  });

  it('filters inside an embed combine like others', async () => {
    const cheapOrGone = db.from('products').select('id,product_variants!inner()', exact).or('price.lt.8,stock.eq.0', { referencedTable: 'product_variants' });
    assert.equal(await count(cheapOrGone), 59);
    const angry = db.from('products').select('id,reviews!inner()', exact).eq('reviews.rating', 1).is('reviews.verified', true);
    assert.equal(await count(angry), 31);
  });

  it('one relation can be embedded twice, under two names', async () => {
    const row = await data(
      db.from('products').select('id,best:reviews(id),worst:reviews(id,rating)').eq('id', 1).eq('best.rating', 5)
        .order('created_at', { referencedTable: 'best', ascending: false }).limit(1, { referencedTable: 'best' })
        .order('rating', { referencedTable: 'worst' }).order('id', { referencedTable: 'worst' }).limit(2, { referencedTable: 'worst' }).single(),
    );
    assert.deepEqual(row, { id: 1, best: [{ id: 859 }], worst: [{ id: 55, rating: 1 }, { id: 279, rating: 1 }] });
  });

  it('refuses a filter on what is not embedded', async () => {
    const error = await failure(db.from('products').select('id').eq('reviews.rating', 5), 'PGRST108', 400);
    assert.equal(error.message, "'reviews' is not an embedded resource in this request");
    assert.equal(error.hint, "Verify that 'reviews' is included in the 'select' query parameter.");
  });
});

describe('order and pages of embeds', () => {
  it('limits the children of each parent on its own', async () => {
    const rows = await data(
      db.from('products').select('id,reviews(id)').in('id', [1, 2]).order('id')
        .order('created_at', { referencedTable: 'reviews', ascending: false }).limit(3, { referencedTable: 'reviews' }),
    );
    assert.deepEqual(rows.map((r) => ids(r.reviews)), [[859, 662, 617], [775, 509, 416]]);
    const next = await data(
      db.from('products').select('id,reviews(id)').in('id', [1, 2]).order('id')
        .order('created_at', { referencedTable: 'reviews', ascending: false }).range(1, 2, { referencedTable: 'reviews' }),
    );
    assert.deepEqual(next.map((r) => ids(r.reviews)), [[662, 617], [509, 416]]);
  });

  it('orders parents by a to-one embed', async () => {
    const rows = await data(db.from('products').select('id,categories(name)').order('categories(name)', { ascending: false }).order('id').limit(3));
    assert.deepEqual(rows, [201, 202, 203].map((id) => ({ id, categories: { name: 'Writing' } })));
    const aliased = await data(db.from('products').select('id,c:categories(name)').order('c(name)').order('id').limit(2));
    assert.deepEqual(ids(aliased), [221, 222]);
  });

  it('cannot order parents by many children', async () => {
    const error = await failure(db.from('products').select('id,reviews(id)').order('reviews(rating)'), 'PGRST118', 400);
    assert.equal(error.message, "A related order on 'reviews' is not possible");
    assert.equal(error.details, "'products' and 'reviews' do not form a many-to-one or one-to-one relationship");
  });
});

describe('spreads and aggregates', () => {
  it('lifts the columns of a to-one embed', async () => {
    const row = await data(db.from('products').select('id,...categories(category:name,...parent_id(department:name))').eq('id', 11).single());
    assert.deepEqual(row, { id: 11, category: 'Pots and pans', department: 'Kitchen' });
  });

  it('turns the columns of a to-many embed into arrays', async () => {
    const row = await data(
      db.from('products').select('id,...product_variants(skus:sku,names:name)').eq('id', 11)
        .order('position', { referencedTable: 'product_variants' }).single(),
    );
    assert.deepEqual(row, { id: 11, skus: ['PAN-011-111', 'PAN-011-112', 'PAN-011-113'], names: ['20 cm', '24 cm', '28 cm'] });
  });

  it('aggregates inside an embed', async () => {
    const rows = await data(
      db.from('products').select('id,reviews(count(),mean:rating.avg()::text),product_variants(count())').in('id', [1, 5, 11]).order('id'),
    );
    assert.deepEqual(rows, [
      { id: 1, reviews: [{ count: 23, mean: '3.8260869565217391' }], product_variants: [{ count: 2 }] },
      { id: 5, reviews: [{ count: 7, mean: '3.7142857142857143' }], product_variants: [{ count: 2 }] },
      { id: 11, reviews: [{ count: 7, mean: '4.2857142857142857' }], product_variants: [{ count: 3 }] },
    ]);
  });

  it('groups by a spread embed', async () => {
    const rows = await data(db.from('product_variants').select('...products(brand),stock.sum()'));
    assert.deepEqual(rows.sort((a, b) => (a.brand < b.brand ? -1 : 1)).slice(0, 3), [
      { brand: 'Claypit', sum: 2971 }, { brand: 'Fernhill', sum: 6651 }, { brand: 'Harrow & Pike', sum: 2582 },
    ]);
  });

  it('lifts an aggregate out of a to-one spread, and refuses it in a to-many one', async () => {
    const rows = await data(shop.from('order_items').select('...orders(status,total.max()),units:quantity.sum()').eq('order_id', '985751bb-4e1e-47db-9926-f93d2e6eb9bd'));
    assert.deepEqual(rows, [{ status: 'pending', max: 378.8, units: 10 }]);
    const error = await failure(db.from('products').select('id,...product_variants(price.max())'), 'PGRST127', 400);
    assert.equal(error.details, 'Aggregates are not implemented for one-to-many or many-to-many spreads.');
  });
});

describe('deep reads', () => {
  it('reads an order with everything around it in one request', async () => {
    const order = await data(
      asUser(server, ALICE).from('orders')
        .select(`number, status, total,
          customer:customers ( full_name ),
          order_items ( title, quantity, line_total, product_variants ( sku, products ( slug, categories ( slug ) ) ) ),
          payments ( method, status, amount )`)
        .eq('number', 10086).order('title', { referencedTable: 'order_items' }).order('id', { referencedTable: 'payments' }).single(),
    );
    assert.deepEqual(order, {
      number: 10086, status: 'delivered', total: 56.95, customer: { full_name: 'Alice Nguyen' },
      order_items: [
        { title: 'Dune Side Plate, Slate', quantity: 1, line_total: 13.95, product_variants: { sku: 'PLA-043-212', products: { slug: 'dune-side-plate', categories: { slug: 'table-plates' } } } },
        { title: 'Rill Plant Mister, Zinc', quantity: 2, line_total: 43, product_variants: { sku: 'WAT-174-222', products: { slug: 'rill-plant-mister', categories: { slug: 'garden-watering' } } } },
      ],
      payments: [{ method: 'card', status: 'failed', amount: 56.95 }, { method: 'card', status: 'captured', amount: 56.95 }],
    });
  });

  it('goes up and down the same tree', async () => {
    const people = await data(
      asUser(server, SAM).from('staff').select('full_name,manager:manager_id(full_name),reports:staff!manager_id(full_name)').order('full_name')
        .order('full_name', { referencedTable: 'reports' }),
    );
    assert.deepEqual(
      people.map((p) => [p.full_name, p.manager?.full_name ?? null, p.reports.map((r) => r.full_name)]),
      [
        ['Inês Carvalho', 'Sam Visser', []],
        ['Jonas Hofer', 'Maya Okafor', ['Piotr Nowicki', 'Ruth Abara']],
        ['Maya Okafor', null, ['Jonas Hofer', 'Sam Visser']],
        ['Piotr Nowicki', 'Jonas Hofer', []],
        ['Ruth Abara', 'Jonas Hofer', []],
        ['Sam Visser', 'Maya Okafor', ['Inês Carvalho']],
      ],
    );
  });
});

describe('functions', () => {
  it('answer with a value', async () => {
    assert.equal(await data(db.rpc('is_staff')), false);
    assert.equal(await data(asUser(server, SAM).rpc('is_staff')), true);
    assert.equal(await data(asUser(server, ALICE).rpc('cart_subtotal', { of_cart: 'ca270000-0000-4000-8000-000000000001' })), 243.8);
  });

  it('run with the caller’s rights or with their owner’s', async () => {
    const order = { of_order: '985751bb-4e1e-47db-9926-f93d2e6eb9bd' };
    assert.equal(await data(asUser(server, ALICE).rpc('order_total', order)), 378.8);
    assert.equal(await data(asUser(server, SAM).rpc('order_total', order)), 378.8);
    const bestBefore = await data(db.rpc('best_sellers', { n: 3 }));
    assert.deepEqual(bestBefore, [
      { product_id: 230, name: 'Commons Washbag', units: 36 },
      { product_id: 240, name: 'Larder Food Jar', units: 35 },
      { product_id: 223, name: 'Drover Weekender', units: 34 },
    ]);
  });

  it('take some arguments and default the others', async () => {
    const recent = await data(db.rpc('best_sellers', { since: '2026-06-01T00:00:00Z', n: 4 }));
    assert.deepEqual(recent.map((r) => [r.product_id, r.units]), [[114, 12], [122, 12], [237, 12], [188, 11]]);
    assert.equal((await data(db.rpc('best_sellers'))).length, 10);
  });

  it('that return a table are filtered, ordered, paged and counted like one', async () => {
    const found = await db.rpc('search_products', { term: 'oak' }, { count: 'exact' }).select('id,name').eq('brand', 'Oakrow').like('name', 'Acorn*').order('id', { ascending: false }).range(1, 2);
    assert.equal(found.error, null);
    assert.equal(found.count, 5);
    assert.deepEqual(found.data, [{ id: 267, name: 'Acorn Stacking Rings' }, { id: 265, name: 'Acorn Marble Run' }]);
  });

  it('that return a table’s rows embed its relations', async () => {
    const found = await data(db.rpc('search_products', { term: 'umbrella' }).select('id,categories(slug)').order('id'));
    assert.deepEqual(found, [251, 252, 253, 254].map((id) => ({ id, categories: { slug: 'travel-umbrellas' } })));
  });

  it('are called by GET and by HEAD too', async () => {
    const found = await data(db.rpc('search_products', { term: 'Linen' }, { get: true }).select('id'));
    assert.equal(found.length, 18);
    const head = await db.rpc('search_products', { term: 'gift' }, { head: true, count: 'exact' });
    assert.deepEqual([head.error, head.data, head.count], [null, null, 78]);
  });

  it('give one row when one is wanted', async () => {
    assert.deepEqual(await data(db.rpc('best_sellers', { n: 1 }).select('name').single()), { name: 'Commons Washbag' });
    await failure(db.rpc('best_sellers', { n: 2 }).single(), 'PGRST116', 406);
  });

  it('are found by the names of their arguments', async () => {
    const unknown = await failure(db.rpc('search_product', { term: 'x' }), 'PGRST202', 404);
    assert.equal(unknown.message, 'Could not find the function public.search_product(term) in the schema cache');
    assert.equal(unknown.hint, 'Perhaps you meant to call the function public.search_products(term)');
    await failure(db.rpc('search_products', { text: 'x' }), 'PGRST202', 404);
    await failure(db.rpc('search_products'), 'PGRST202', 404);
    await failure(db.rpc('best_sellers', { n: 'many' }), '22P02', 400);
  });
});
