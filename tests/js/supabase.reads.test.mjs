// supabase-js reads the shop's catalog as a visitor: columns, every family of filters, order, paging, counts, media types,
// aggregates and errors. Expected values were computed with plain SQL in PostgreSQL 15, as the role anon, over the same seed.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { count, data, failure } from './support/answers.mjs';
import { asVisitor, request } from './support/clients.mjs';
import { serveShop } from './support/mainstay.mjs';

let server;
let db;

before(async () => {
  server = await serveShop();
  db = asVisitor(server);
});
after(() => server?.close());

const products = () => db.from('products').select('*', { count: 'exact', head: true });
const variants = () => db.from('product_variants').select('*', { count: 'exact', head: true });
const ids = (rows) => rows.map((r) => r.id);

describe('columns', () => {
  it('selects everything', async () => {
    const rows = await data(db.from('categories').select('*').order('id'));
    assert.equal(rows.length, 38);
    assert.deepEqual(rows[0], {
      id: 1, parent_id: null, slug: 'kitchen', name: 'Kitchen', description: 'Tools that get better with use.', position: 0, published: true,
    });
    assert.deepEqual(rows[8], { id: 9, parent_id: 1, slug: 'kitchen-knives', name: 'Knives', description: null, position: 0, published: true });
  });

  it('renames and casts', async () => {
    const row = await data(db.from('product_variants').select('number:id,label:name,price::text,stock::text,active::text').eq('id', 1).single());
    assert.deepEqual(row, { number: 1, label: 'Right-handed', price: '78.95', stock: '36', active: 'true' });
  });

  it('gives every type in its JSON form', async () => {
    const row = await data(db.from('product_variants').select('*').eq('id', 3).single());
    assert.deepEqual(row, {
      id: 3, product_id: 2, sku: 'KNI-002-121', name: 'Right-handed', options: { finish: 'Right-handed' }, price: 87.5,
      compare_at_price: null, stock: 5, weight_grams: 1590, position: 0, active: true, on_sale: false,
    });
    const product = await data(db.from('products').select('tags,attributes,released_on,created_at').eq('id', 218).single());
    assert.equal(product.created_at, '2026-08-31T15:42:10+00:00');
    assert.equal(product.released_on, '2026-09-07');
    assert.ok(Array.isArray(product.tags));
    assert.equal(typeof product.attributes.dimensions.width_mm, 'number');
  });

  it('writes decimals with all their digits', async () => {
    const answer = await request(server, '/rest/v1/product_variants?select=id,price&id=eq.3');
    assert.equal(await answer.text(), '[{"id":3,"price":87.50}]');
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  });

  it('follows paths into JSON', async () => {
    const row = await data(
      db.from('products').select('attributes->>material,from:attributes->>origin,attributes->dimensions->width_mm,attributes->nothing').eq('id', 2).single(),
    );
    assert.deepEqual(row, { material: 'stainless steel, paper laminate', from: 'PT', width_mm: 380, nothing: null });
  });

  it('leaves out nulls when asked to', async () => {
    const rows = await data(db.from('categories').select('id,parent_id,description').in('id', [1, 9]).order('id').stripNulls());
    assert.deepEqual(rows, [{ id: 1, description: 'Tools that get better with use.' }, { id: 9, parent_id: 1 }]);
  });

  it('reads a view', async () => {
    const row = await data(db.from('product_overview').select('slug,price_from,price_to,in_stock,review_count,rating').eq('id', 1).single());
    assert.deepEqual(row, { slug: 'alder-chefs-knife', price_from: 78.95, price_to: 78.95, in_stock: 77, review_count: 23, rating: 3.83 });
    assert.equal(await count(db.from('product_overview').select('*', { count: 'exact', head: true }).gte('rating', 4.5)), 72);
  });

  it('reads generated columns', async () => {
    const row = await data(db.from('products').select('search_text').eq('slug', 'alder-chefs-knife').single());
    assert.equal(row.search_text, "alder chef's knife harrow & pike an all-round blade with enough belly to rock through herbs, with a handle of oiled ash.");
    assert.equal(await count(variants().is('on_sale', true)), 80);
  });
});

describe('filters', () => {
  it('compares exact numbers', async () => {
    assert.equal(await count(variants().eq('price', 29.5)), 3);
    assert.equal(await count(variants().neq('price', 29.5)), 762);
    assert.equal(await count(variants().gt('price', 100)), 45);
    assert.equal(await count(variants().gte('price', 149)), 22);
    assert.equal(await count(variants().lt('price', 10)), 13);
    assert.equal(await count(variants().lte('price', '9.50')), 9);
  });

  it('tests for null and for truth', async () => {
    assert.equal(await count(products().is('released_on', null)), 24);
    assert.equal(await count(products().not('released_on', 'is', null)), 264);
    assert.equal(await count(products().filter('released_on', 'is', 'not_null')), 264);
    assert.equal(await count(variants().is('on_sale', false)), 685);
    assert.equal(await count(variants().not('on_sale', 'is', true)), 685);
    assert.equal(await count(variants().is('on_sale', null)), 0);
  });

  it('knows that null is neither equal nor different', async () => {
    assert.equal(await count(variants().neq('compare_at_price', 1)), 80);
    assert.equal(await count(variants().isDistinct('compare_at_price', 1)), 765);
    assert.equal(await count(variants().not('compare_at_price', 'gt', 0)), 0);
  });

  it('matches patterns', async () => {
    assert.equal(await count(products().like('name', '%Knife')), 8);
    assert.equal(await count(products().like('name', '%knife%')), 0);
    assert.equal(await count(products().ilike('name', '%KNIFE%')), 10);
    assert.equal(await count(products().likeAllOf('name', ['%Set%', '%Spoon%'])), 2);
    assert.equal(await count(products().likeAnyOf('name', ['Forge%', 'Clarion%'])), 10);
    assert.equal(await count(products().ilikeAllOf('name', ['%set%', '%spoon%'])), 2);
    assert.equal(await count(products().ilikeAnyOf('name', ['forge%', 'CLARION%'])), 10);
    assert.equal(await count(products().like('name', '%\\_%')), 0);
    assert.equal(await count(products().filter('name', 'like', 'Forge*')), 5);
  });

  it('matches regular expressions', async () => {
    const rows = await data(db.from('products').select('name').regexMatch('name', '^[A-C].* (Pan|Tin)$').order('name'));
    assert.deepEqual(rows.map((r) => r.name), ['Clarion Grill Pan', 'Clarion Sauté Pan', 'Crumb Loaf Tin']);
    assert.equal(await count(products().regexIMatch('name', 'KNIFE|CLEAVER')), 12);
  });

  it('takes lists, with commas, quotes and parentheses in them', async () => {
    assert.equal(await count(variants().in('price', [7, '9.95', 29.95])), 12);
    const names = ['Sedge Fork, Set of Six', 'Lull Tealights, Box of Twelve'];
    assert.deepEqual(ids(await data(db.from('products').select('id').in('name', names).order('id'))), [61, 115]);
    assert.equal(await count(products().notIn('name', names)), 286);
    assert.equal(await count(products().in('name', ['a"b', 'c\\d', '(e)'])), 0);
    assert.equal(await count(products().in('id', [])), 0);
    assert.deepEqual(ids(await data(db.from('products').select('id').eq('name', "Alder Chef's Knife"))), [1]);
  });

  it('takes lists as long as URLs are', async () => {
    const many = Array.from({ length: 5000 }, (_, at) => at + 1);
    const rows = await data(db.from('products').select('id').in('id', many).order('id').limit(3));
    assert.deepEqual(ids(rows), [1, 2, 3]);
  });

  // The databases that are servers hold more than a URL can ask for.
  it('says when a request asks for more than a statement can hold', { skip: process.env.MAINSTAY_TEST_DATABASE }, async () => {
    const answer = await request(server, `/rest/v1/products?order=${Array(3000).fill('id').join()}`);
    assert.equal(answer.status, 413);
    assert.equal((await answer.json()).code, '54000');
  });

  it('compares with any and with all of several values', async () => {
    assert.equal(await count(variants().filter('price', 'eq(any)', '{29.00,29.50,29.90,29.95}')), 17);
    assert.equal(await count(variants().filter('price', 'gt(all)', '{100,200}')), 12);
    assert.equal(await count(variants().not('price', 'eq(any)', '{29.00,29.50,29.90,29.95}')), 748);
  });

  it('looks into arrays', async () => {
    assert.equal(await count(products().contains('tags', ['gift'])), 78);
    assert.equal(await count(products().contains('tags', ['gift', 'recycled'])), 19);
    assert.equal(await count(products().overlaps('tags', ['scent', 'rain'])), 20);
    assert.equal(await count(products().containedBy('tags', ['wood', 'gift'])), 4);
    assert.deepEqual(ids(await data(db.from('products').select('id').eq('tags', '{wood,gift}').order('id').limit(3))), [262, 263, 264]);
  });

  it('looks into JSON', async () => {
    assert.equal(await count(products().eq('attributes->>origin', 'PT')), 67);
    assert.equal(await count(products().gt('attributes->dimensions->width_mm', 500)), 44);
    assert.equal(await count(products().eq('attributes->>dishwasher', 'true')), 29);
    assert.equal(await count(products().contains('attributes', { origin: 'DK' })), 48);
    assert.equal(await count(products().eq('attributes->warranty_years', 10)), 77);
    assert.equal(await count(products().is('attributes->>nothing', null)), 288);
  });

  it('compares days and moments, whatever their time zone', async () => {
    assert.equal(await count(products().gte('released_on', '2026-01-01').lt('released_on', '2026-04-01')), 30);
    assert.equal(await count(products().gte('created_at', '2026-01-01T00:00:00+01:00')), 98);
    assert.deepEqual(ids(await data(db.from('products').select('id').eq('created_at', '2026-08-31T17:42:10+02:00'))), [218]);
  });

  it('combines with or, and, not', async () => {
    assert.equal(await count(variants().or('price.lt.10,stock.eq.0')), 71);
    assert.equal(await count(variants().or('and(price.lt.10,stock.gt.50),and(price.gt.300,stock.not.gt.50)')), 8);
    assert.equal(await count(products().eq('brand', 'Oakrow').or('name.like.Acorn*,name.like.*Shelf')), 6);
    assert.equal(await count(products().or('name.eq."Sedge Fork, Set of Six",id.in.(1,2)')), 3);
  });

  it('negates a whole tree', async () => {
    const answer = await request(server, '/rest/v1/product_variants?select=id&not.or=(price.lt.100,stock.eq.0)');
    assert.equal((await answer.json()).length, 41);
  });

  it('applies several filters of one column, and match()', async () => {
    assert.equal(await count(variants().gte('price', 29).lte('price', '29.95').neq('price', 29.5)), 14);
    assert.deepEqual(ids(await data(db.from('products').select('id').match({ brand: 'Oakrow', slug: 'acorn-train-set' }))), [269]);
  });
});

describe('order and paging', () => {
  it('orders by several columns', async () => {
    const rows = await data(db.from('products').select('brand,name').order('brand', { ascending: false }).order('name').limit(3));
    assert.deepEqual(rows.map((r) => r.name), ['Clarion Casserole', 'Clarion Grill Pan', 'Clarion Saucepan']);
  });

  it('puts nulls where they are wanted, and where PostgreSQL puts them otherwise', async () => {
    const by = (...args) => data(db.from('products').select('id,released_on').order('released_on', ...args).order('id').limit(2));
    assert.deepEqual(ids(await by({ nullsFirst: true })), [1, 2]);
    assert.deepEqual(ids(await by({ ascending: false, nullsFirst: false })), [218, 290]);
    assert.equal((await by({ ascending: false }))[0].released_on, null);
    assert.equal((await by())[0].released_on, '2024-06-27');
  });

  it('orders by a path into JSON', async () => {
    const text = await data(db.from('products').select('name').order('attributes->>material', { ascending: false }).order('id').limit(2));
    assert.deepEqual(text.map((r) => r.name), ['Heath Cushion', 'Heath Bolster']);
    const number = await data(db.from('products').select('name').order('attributes->warranty_years', { ascending: false }).order('id').limit(3));
    assert.deepEqual(number.map((r) => r.name), ['Alder Paring Knife', 'Rook Boning Knife', 'Clarion Skillet']);
  });

  it('gives pages', async () => {
    assert.deepEqual(ids(await data(db.from('products').select('id').order('id').range(10, 14))), [11, 12, 13, 14, 15]);
    assert.deepEqual(ids(await data(db.from('products').select('id').order('id').limit(2))), [1, 2]);
    assert.deepEqual(await data(db.from('products').select('id').limit(0)), []);
  });

  it('says which page of how many, in status and header', async () => {
    const answer = await request(server, '/rest/v1/products?select=id&order=id&limit=10&offset=20', { headers: { prefer: 'count=exact' } });
    assert.equal(answer.status, 206);
    assert.equal(answer.headers.get('content-range'), '20-29/288');
    assert.equal((await answer.json()).length, 10);
    const header = await request(server, '/rest/v1/products?select=id&order=id', { headers: { range: '5-6', 'range-unit': 'items' } });
    assert.equal(header.status, 200);
    assert.equal(header.headers.get('content-range'), '5-6/*');
    assert.equal(await header.text().then((t) => JSON.parse(t).length), 2);
  });

  it('counts exactly, as planned and as estimated', async () => {
    const all = await db.from('products').select('id', { count: 'exact' }).order('id').range(0, 4);
    assert.equal(all.count, 288);
    assert.equal(all.status, 206);
    assert.equal(all.data.length, 5);
    const head = await db.from('products').select('*', { count: 'exact', head: true });
    assert.deepEqual([head.count, head.data, head.error], [288, null, null]);
    for (const kind of ['planned', 'estimated']) assert.ok((await count(db.from('products').select('id', { count: kind }))) > 0, kind);
  });

  it('refuses a page beyond the end when the end is known', async () => {
    const error = await failure(db.from('products').select('id', { count: 'exact' }).range(1000, 1009), 'PGRST103', 416);
    assert.equal(error.message, 'Requested range not satisfiable');
    assert.equal(error.details, 'An offset of 1000 was requested, but there are only 288 rows.');
    assert.deepEqual(await data(db.from('products').select('id').range(1000, 1009)), []);
  });
});

describe('one row', () => {
  it('gives an object', async () => {
    assert.deepEqual(await data(db.from('products').select('id,name').eq('id', 1).single()), { id: 1, name: "Alder Chef's Knife" });
    assert.deepEqual(await data(db.from('products').select('id').eq('id', 1).maybeSingle()), { id: 1 });
  });

  it('refuses none and several', async () => {
    const none = await failure(db.from('products').select('id').eq('id', 0).single(), 'PGRST116', 406);
    assert.equal(none.details, 'The result contains 0 rows');
    assert.equal(none.message, 'Cannot coerce the result to a single JSON object');
    const many = await failure(db.from('products').select('id').lte('id', 2).single(), 'PGRST116', 406);
    assert.equal(many.details, 'The result contains 2 rows');
    assert.equal(await data(db.from('products').select('id').eq('id', 0).maybeSingle()), null);
    await failure(db.from('products').select('id').lte('id', 2).maybeSingle(), 'PGRST116', 406);
  });
});

describe('CSV', () => {
  it('has a header and quotes as PostgreSQL prints rows: what holds a space too', async () => {
    const text = await data(db.from('products').select('id,name,brand,released_on').in('id', [1, 61]).order('id').csv());
    const lines = text.split('\n');
    assert.equal(lines.length, 3);
    assert.equal(lines[0], 'id,name,brand,released_on');
    assert.equal(lines[1], `1,"Alder Chef's Knife","Harrow & Pike",`);
    assert.match(lines[2], /^61,"Sedge Fork, Set of Six","Harrow & Pike",\d{4}-\d\d-\d\d$/);
  });
});

describe('aggregates', () => {
  it('sums up a whole table', async () => {
    const rows = await data(db.from('product_variants').select('price.min(),price.max(),price.sum(),count(),total:stock.sum()'));
    assert.deepEqual(rows, [{ min: 7, max: 475, sum: 37804.6, count: 765, total: 44570 }]);
  });

  it('keeps apart what is named apart', async () => {
    const rows = await data(db.from('product_variants').select('rows:count(),reduced:compare_at_price.count(),mean:price.avg()::text,whole:price.avg()::int'));
    assert.deepEqual(rows, [{ rows: 765, reduced: 80, mean: '49.4177777777777778', whole: 49 }]);
  });

  it('groups by the other columns', async () => {
    const rows = await data(db.from('products').select('brand,count()'));
    assert.deepEqual(
      rows.sort((a, b) => (a.brand < b.brand ? -1 : 1)).map((r) => [r.brand, r.count]),
      [
        ['Claypit', 20], ['Fernhill', 40], ['Harrow & Pike', 19], ['Ironbeck', 19], ['Kestrel & Sons', 19], ['Ledgerline', 28],
        ['Loomfield', 22], ['Lumen Works', 15], ['Northlight', 29], ['Oakrow', 20], ['Saltbox', 27], ['Tidewell', 30],
      ],
    );
  });

  it('respects filters, and gives one row for none', async () => {
    assert.deepEqual(await data(db.from('product_variants').select('count(),price.sum()').gt('price', 300)), [{ count: 6, sum: 2592 }]);
    assert.deepEqual(await data(db.from('product_variants').select('count(),price.sum()').lt('price', 0)), [{ count: 0, sum: null }]);
  });
});

describe('errors', () => {
  it('names what does not exist', async () => {
    const column = await failure(db.from('products').select('id,nmae'), '42703', 400);
    assert.equal(column.message, 'column products.nmae does not exist');
    await failure(db.from('products').select('id').eq('nmae', 1), '42703', 400);
    await failure(db.from('products').select('id').order('nmae'), '42703', 400);
    const table = await failure(db.from('product').select(), 'PGRST205', 404);
    assert.equal(table.message, "Could not find the table 'public.product' in the schema cache");
    assert.equal(table.hint, "Perhaps you meant the table 'public.products'");
  });

  it('refuses values that are not of the type', async () => {
    const error = await failure(db.from('products').select('id').eq('id', 'one'), '22P02', 400);
    assert.equal(error.message, 'invalid input syntax for type bigint: "one"');
    await failure(db.from('products').select('id').eq('created_at', 'yesterday-ish'), '22007', 400);
    await failure(db.from('products').select('id').eq('tags', 'no braces'), '22P02', 400);
    await failure(db.from('categories').select('id').eq('id', '99999999999'), '22003', 400);
  });

  it('refuses what it cannot parse', async () => {
    await failure(db.from('products').select('id,name('), 'PGRST100', 400);
    await failure(db.from('products').select('id').filter('id', 'equals', 1), 'PGRST100', 400);
    await failure(db.from('products').select('id').or('id.eq.1,'), 'PGRST100', 400);
    await failure(db.from('products').select('id').order('id', {}).filter('name', 'is', 'something'), 'PGRST100', 400);
  });

  it('exposes only the schemas of the API', async () => {
    assert.equal(await count(db.schema('public').from('products').select('*', { count: 'exact', head: true })), 288);
    const error = await failure(db.schema('auth').from('users').select(), 'PGRST106', 406);
    assert.equal(error.message, 'Invalid schema: auth');
    assert.equal(error.hint, 'Only the following schemas are exposed: public');
  });

  it('lets a request be given up', async () => {
    const abort = new AbortController();
    abort.abort();
    const answer = await db.from('products').select('*').abortSignal(abort.signal);
    assert.match(answer.error.message, /AbortError/);
    assert.equal(answer.data, null);
    assert.equal(await count(products()), 288);
  });
});
