// Published scripts, asked questions with known answers: that of PostgreSQL turned into a project and served without a hand edit,
// and loaded by psql and served as it is; that of MySQL loaded by mariadb and served as it is. The answers were computed with plain SQL in PostgreSQL 15.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { compileErrors, validate } from '@readme/openapi-parser';
import { count, data, failure, refused } from './support/answers.mjs';
import { asUser, asVisitor, request, ALICE } from './support/clients.mjs';
import { serveChinook, serveChinookAsItIs, serveChinookOnMariaDb } from './support/mainstay.mjs';

const by = (key) => (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);

for (const [name, serve] of [
  ['the music store', serveChinook],
  ['the music store as PostgreSQL has it', serveChinookAsItIs],
  ['the music store as MariaDB has it', serveChinookOnMariaDb],
]) describe(name, () => {
  let server;
  let db;

  before(async () => {
    server = await serve();
    db = asVisitor(server);
  });
  after(() => server?.close());

  it('has every row of the script', async () => {
    const sizes = {
      album: 347, artist: 275, customer: 59, employee: 8, genre: 25, invoice: 412, invoice_line: 2240, media_type: 5,
      playlist: 18, playlist_track: 8715, track: 3503,
    };
    for (const [table, size] of Object.entries(sizes)) {
      assert.equal(await count(db.from(table).select('*', { count: 'exact', head: true })), size, table);
    }
  });

  it('keeps text, timestamps and decimals to the byte', async () => {
    const answer = await request(server, '/rest/v1/invoice?select=invoice_id,invoice_date,billing_city,total&customer_id=eq.5&order=invoice_date&limit=2');
    assert.equal(
      (await answer.text()).replace(/},\s+{/g, '},{'),
      '[{"invoice_id":77,"invoice_date":"2021-12-08T00:00:00","billing_city":"Prague","total":1.98},' +
        '{"invoice_id":100,"invoice_date":"2022-03-12T00:00:00","billing_city":"Prague","total":3.96}]',
    );
  });

  it('names the top customers by spend: an aggregate grouped by an embedded row', async () => {
    const spend = await data(db.from('invoice').select('total.sum(),customer(first_name,last_name)'));
    assert.equal(spend.length, 59);
    const top = spend.sort((a, b) => b.sum - a.sum || by('last_name')(a.customer, b.customer)).slice(0, 6);
    assert.deepEqual(top, [
      { sum: 49.62, customer: { first_name: 'Helena', last_name: 'Holý' } },
      { sum: 47.62, customer: { first_name: 'Richard', last_name: 'Cunningham' } },
      { sum: 46.62, customer: { first_name: 'Luis', last_name: 'Rojas' } },
      { sum: 45.62, customer: { first_name: 'Ladislav', last_name: 'Kovács' } },
      { sum: 45.62, customer: { first_name: 'Hugh', last_name: "O'Reilly" } },
      { sum: 43.62, customer: { first_name: 'Julia', last_name: 'Barnett' } },
    ]);
  });

  it('describes itself, as PostgREST does where it stands in its place', async () => {
    const document = await (await fetch(`${server.url}/rest/v1/`, { headers: { apikey: server.keys.anon_key } })).json();
    assert.equal(document.swagger, serve === serveChinookAsItIs ? '2.0' : undefined);
    const result = await validate(document);
    assert.ok(result.valid, result.valid ? '' : compileErrors(result));
  });

  it('tells how the database runs a request, where that is allowed', async () => {
    const query = () => db.from('track').select('name,album(title)').eq('track_id', 1);
    if (serve !== serveChinookAsItIs) {
      await failure(query().explain({ format: 'json' }), 'PGRST107', 406);
      return;
    }
    const [{ Plan: plan, 'Execution Time': time }] = await data(query().explain({ format: 'json', analyze: true, verbose: true }));
    assert.equal(plan['Actual Rows'], 1);
    assert.equal(typeof time, 'number');
    assert.match(await data(query().explain()), /Index Scan using track_pkey on track/);
    await refused(db.from('genre').insert({ genre_id: 99 }).explain({ analyze: true }));
  });

  it('gives the same from the other side: an aggregate inside an embed', async () => {
    const rows = await data(
      db.from('customer').select('last_name,city,invoice(total.sum(),count())').eq('country', 'Brazil').order('last_name'),
    );
    assert.deepEqual(rows, [
      { last_name: 'Almeida', city: 'Rio de Janeiro', invoice: [{ sum: 37.62, count: 7 }] },
      { last_name: 'Gonçalves', city: 'São José dos Campos', invoice: [{ sum: 39.62, count: 7 }] },
      { last_name: 'Martins', city: 'São Paulo', invoice: [{ sum: 37.62, count: 7 }] },
      { last_name: 'Ramos', city: 'Brasília', invoice: [{ sum: 37.62, count: 7 }] },
      { last_name: 'Rocha', city: 'São Paulo', invoice: [{ sum: 37.62, count: 7 }] },
    ]);
  });

  it('sums up the whole store', async () => {
    assert.deepEqual(await data(db.from('invoice').select('total.sum(),count()')), [{ sum: 2328.6, count: 412 }]);
    assert.deepEqual(await data(db.from('track').select('unit_price.min(),unit_price.max(),unit_price.sum(),shortest:milliseconds.min()')), [
      { min: 0.99, max: 1.99, sum: 3680.97, shortest: 1071 },
    ]);
  });

  it('lists the tracks of a playlist: many-to-many', async () => {
    const playlist = await data(db.from('playlist').select('name,track(name)').eq('name', 'Grunge').order('name', { referencedTable: 'track' }).single());
    assert.deepEqual(playlist, {
      name: 'Grunge',
      track: [
        'Alive', 'Black Hole Sun', 'Come As You Are', 'Daughter', 'Drain You', 'Evenflow', 'Hunger Strike', 'In Bloom', 'Jeremy',
        'Lithium', 'Man In The Box', 'On A Plain', 'Outshined', 'Plush', 'Smells Like Teen Spirit',
      ].map((name) => ({ name })),
    });
  });

  it('counts the tracks of every playlist, empty ones included', async () => {
    const rows = await data(db.from('playlist').select('playlist_id,track(count())').order('playlist_id'));
    assert.deepEqual(
      rows.map((r) => r.track[0].count),
      [3290, 0, 213, 0, 1477, 0, 0, 3290, 1, 213, 39, 75, 25, 25, 25, 15, 26, 1],
    );
  });

  it('knows employees and their managers: a table embedded in itself, upwards', async () => {
    const rows = await data(db.from('employee').select('last_name,title,manager:reports_to(last_name)').order('employee_id'));
    assert.deepEqual(
      rows.map((r) => [r.last_name, r.title, r.manager?.last_name ?? null]),
      [
        ['Adams', 'General Manager', null],
        ['Edwards', 'Sales Manager', 'Adams'],
        ['Peacock', 'Sales Support Agent', 'Edwards'],
        ['Park', 'Sales Support Agent', 'Edwards'],
        ['Johnson', 'Sales Support Agent', 'Edwards'],
        ['Mitchell', 'IT Manager', 'Adams'],
        ['King', 'IT Staff', 'Mitchell'],
        ['Callahan', 'IT Staff', 'Mitchell'],
      ],
    );
  });

  it('knows managers and their people: the same relation, downwards', async () => {
    const rows = await data(
      db.from('employee').select('last_name,team:employee!reports_to(last_name)').not('team', 'is', null)
        .order('employee_id').order('employee_id', { referencedTable: 'team' }),
    );
    assert.deepEqual(
      rows.map((r) => [r.last_name, ...r.team.map((t) => t.last_name)]),
      [['Adams', 'Edwards', 'Mitchell'], ['Edwards', 'Peacock', 'Park', 'Johnson'], ['Mitchell', 'King', 'Callahan']],
    );
  });

  it('finds the longest tracks and their albums', async () => {
    const rows = await data(db.from('track').select('name,milliseconds,...album(album:title)').order('milliseconds', { ascending: false }).limit(5));
    assert.deepEqual(rows, [
      { name: 'Occupation / Precipice', milliseconds: 5286953, album: 'Battlestar Galactica, Season 3' },
      { name: 'Through a Looking Glass', milliseconds: 5088838, album: 'Lost, Season 3' },
      { name: 'Greetings from Earth, Pt. 1', milliseconds: 2960293, album: 'Battlestar Galactica (Classic), Season 1' },
      { name: 'The Man With Nine Lives', milliseconds: 2956998, album: 'Battlestar Galactica (Classic), Season 1' },
      { name: 'Battlestar Galactica, Pt. 2', milliseconds: 2956081, album: 'Battlestar Galactica (Classic), Season 1' },
    ]);
  });

  it('counts and sums invoices per country', async () => {
    const rows = await data(db.from('invoice').select('billing_country,count(),total.sum()'));
    assert.equal(rows.length, 24);
    rows.sort((a, b) => b.count - a.count || by('billing_country')(a, b));
    assert.deepEqual(rows.slice(0, 9), [
      { billing_country: 'USA', count: 91, sum: 523.06 },
      { billing_country: 'Canada', count: 56, sum: 303.96 },
      { billing_country: 'Brazil', count: 35, sum: 190.1 },
      { billing_country: 'France', count: 35, sum: 195.1 },
      { billing_country: 'Germany', count: 28, sum: 156.48 },
      { billing_country: 'United Kingdom', count: 21, sum: 112.86 },
      { billing_country: 'Czech Republic', count: 14, sum: 90.24 },
      { billing_country: 'Portugal', count: 14, sum: 77.24 },
      { billing_country: 'India', count: 13, sum: 75.26 },
    ]);
  });

  it('counts tracks per genre: grouped by a spread row', async () => {
    const rows = await data(db.from('track').select('...genre(genre:name),count()'));
    assert.equal(rows.length, 25);
    rows.sort((a, b) => b.count - a.count || by('genre')(a, b));
    assert.deepEqual(rows.slice(0, 5), [
      { genre: 'Rock', count: 1297 },
      { genre: 'Latin', count: 579 },
      { genre: 'Metal', count: 374 },
      { genre: 'Alternative & Punk', count: 332 },
      { genre: 'Jazz', count: 130 },
    ]);
    assert.deepEqual(rows.at(-1), { genre: 'Opera', count: 1 });
  });

  it('averages exactly, and casts the average', async () => {
    const rows = await data(db.from('track').select('...media_type(media:name),mean:milliseconds.avg()::int,bytes.sum()'));
    rows.sort(by('media'));
    assert.deepEqual(rows, [
      { media: 'AAC audio file', mean: 276507, sum: 49244732 },
      { media: 'MPEG audio file', mean: 265574, sum: 26184720875 },
      { media: 'Protected AAC audio file', mean: 281724, sum: 1105319551 },
      { media: 'Protected MPEG-4 video file', mean: 2342940, sum: 89985654585 },
      { media: 'Purchased AAC audio file', mean: 260895, sum: 61315607 },
    ]);
    assert.deepEqual(await data(db.from('invoice').select('mean:total.avg()::text')), [{ mean: '5.6519417475728155' }]);
  });

  it('finds artists without albums: an anti-join', async () => {
    const answer = await db.from('artist').select('name,album()', { count: 'exact' }).is('album', null).order('name').limit(1);
    assert.equal(answer.error, null);
    assert.equal(answer.count, 71);
    assert.deepEqual(answer.data, [{ name: 'A Cor Do Som' }]);
  });

  it('finds the albums of an artist with their number of tracks', async () => {
    const rows = await data(db.from('album').select('title,artist!inner(),track(count())').eq('artist.name', 'AC/DC').order('title'));
    assert.deepEqual(rows, [
      { title: 'For Those About To Rock We Salute You', track: [{ count: 10 }] },
      { title: 'Let There Be Rock', track: [{ count: 8 }] },
    ]);
  });

  it('tells which agent looks after how many customers', async () => {
    const rows = await data(db.from('employee').select('last_name,customer(count())').eq('title', 'Sales Support Agent').order('last_name'));
    assert.deepEqual(rows, [
      { last_name: 'Johnson', customer: [{ count: 18 }] },
      { last_name: 'Park', customer: [{ count: 20 }] },
      { last_name: 'Peacock', customer: [{ count: 21 }] },
    ]);
  });

  it('finds what never sold and what did', async () => {
    const tracks = () => db.from('track').select('track_id,invoice_line()', { count: 'exact', head: true });
    assert.equal(await count(tracks().is('invoice_line', null)), 1519);
    assert.equal(await count(tracks().not('invoice_line', 'is', null)), 1984);
  });

  it('follows an invoice down to its artists, four tables deep', async () => {
    const invoice = await data(
      db.from('invoice')
        .select('total,customer(last_name),invoice_line(unit_price,track(name,album(artist(name))))')
        .eq('invoice_id', 404).single(),
    );
    assert.equal(invoice.total, 25.86);
    assert.deepEqual(invoice.customer, { last_name: 'Holý' });
    assert.equal(invoice.invoice_line.length, 14);
    const first = invoice.invoice_line.map((l) => ({ track: l.track.name, price: l.unit_price, artist: l.track.album.artist.name })).sort(by('track'));
    assert.deepEqual(first.slice(0, 3), [
      { track: 'Collaborators', price: 1.99, artist: 'Battlestar Galactica' },
      { track: 'Deus Ex Machina', price: 1.99, artist: 'Lost' },
      { track: 'Insensível', price: 0.99, artist: 'Titãs' },
    ]);
  });

  it('keeps only the playlists with classical music, and only that music in them', async () => {
    const rows = await data(
      db.from('playlist').select('name,track!inner(genre!inner(name),count())').eq('track.genre.name', 'Classical').order('playlist_id'),
    );
    assert.deepEqual(
      rows.map((r) => [r.name, r.track[0].count]),
      [['Music', 74], ['90’s Music', 40], ['Music', 74], ['Classical', 73], ['Classical 101 - Deep Cuts', 24], ['Classical 101 - Next Steps', 24], ['Classical 101 - The Basics', 25]],
    );
  });

  it('filters by time, by text beyond ASCII and by absence', async () => {
    const exact = { count: 'exact', head: true };
    assert.equal(await count(db.from('invoice').select('*', exact).gte('invoice_date', '2023-01-01').lt('invoice_date', '2023-04-01')), 21);
    assert.equal(await count(db.from('invoice').select('*', exact).gt('total', 15)), 11);
    assert.equal(await count(db.from('track').select('*', exact).is('composer', null)), 977);
    assert.equal(await count(db.from('track').select('*', exact).ilike('composer', '%hetfield%')), 63);
    assert.equal(await count(db.from('track').select('*', exact).like('name', "%'%")), 239);
    assert.equal(await count(db.from('customer').select('*', exact).is('company', null)), 49);
    const names = await data(db.from('artist').select('name').like('name', '%ção%').order('name'));
    assert.deepEqual(names, [{ name: 'Chico Science & Nação Zumbi' }, { name: 'Nação Zumbi' }]);
    assert.deepEqual(await data(db.from('track').select('name').regexMatch('name', '^[0-9]+$')), [{ name: '1979' }]);
  });

  it('orders by bytes: letters beyond ASCII come after all others', async () => {
    const rows = await data(db.from('track').select('name').gte('milliseconds', 1000).lte('milliseconds', 10000).order('name'));
    assert.deepEqual(rows.map((r) => r.name), ['A Statistic', 'Commercial 1', 'Now Sports', 'Oprah', 'É Uma Partida De Futebol']);
  });

  it('exports CSV', async () => {
    const text = await data(db.from('media_type').select('*').order('media_type_id').csv());
    assert.equal(
      text,
      'media_type_id,name\n1,"MPEG audio file"\n2,"Protected AAC audio file"\n3,"Protected MPEG-4 video file"\n4,"Purchased AAC audio file"\n5,"AAC audio file"',
    );
  });

  it('is public to read and to nobody to write', async () => {
    for (const client of [db, asUser(server, ALICE)]) {
      await refused(client.from('genre').insert({ genre_id: 99, name: 'Polka' }));
      await refused(client.from('genre').insert({ genre_id: 99, name: 'Polka' }).select());
    }
    const before = await count(db.from('genre').select('*', { count: 'exact', head: true }));
    const answer = await asUser(server, ALICE).from('genre').delete().eq('genre_id', 1).select();
    assert.ok(answer.error?.code === '42501' || answer.data?.length === 0, JSON.stringify(answer));
    assert.equal(await count(db.from('genre').select('*', { count: 'exact', head: true })), before);
  });
});
