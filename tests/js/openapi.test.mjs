// The description of the API, as generators of clients read it: a public validator accepts it for every role, however odd the
// names in the schema are, and each path and filter that it names is one that the server answers.

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compileErrors, validate } from '@readme/openapi-parser';
import { serve, serveShop } from './support/mainstay.mjs';

const ODD = ['a b', 'a.b', 'a/b', 'a%b', 'a%20b', "o'clock", 'say "hi"', 'back\\slash', '{id}', 'größe', '名前', 'a?b#c', 'a&b=c', ' a ', 'problem', 'rpc_odd', 'select', 'a,b(c)'];
const RESERVED = ['order', 'limit', 'offset', 'columns', 'on_conflict', 'and', 'or', 'x.order'];

const ident = (name) => `"${name.replaceAll('"', '""')}"`;

/** Tables, a view, types and functions whose names are as odd as PostgreSQL allows. */
function awkward() {
  const tables = ODD.map((name) => `
    create table ${ident(name)} (
      id integer primary key, ${[...ODD, ...RESERVED].map((column) => `${ident(column)} text`).join(', ')}
    );
    alter table ${ident(name)} enable row level security;
    create policy "all" on ${ident(name)} for all using (true) with check (true);`);
  return `
    create type ${ident('mood "of" day')} as enum ('good/bad', '"quoted"');
    ${tables.join('\n')}
    create table plain (
      id integer primary key generated always as identity,
      ${ident('the key')} integer references ${ident('a/b')},
      feels ${ident('mood "of" day')} default 'good/bad',
      shape jsonb, tags text[], at timestamptz not null default now(), short varchar(3) not null
    );
    alter table plain enable row level security;
    create policy "all" on plain for select using (true);
    create view ${ident('a {view}')} as select id, short as ${ident('so short')} from plain;
    grant select on ${ident('a {view}')} to anon;
    create function ${ident('what is/this%?')}(${ident('the limit')} integer default 1, "limit" integer default 2) returns integer
      language sql immutable as $$ select ${ident('the limit')} $$;
    create function odd(${ident('a "b"')} text) returns setof ${ident('a b')} language sql stable as $$ select * from ${ident('a b')} $$;
    create function odd(x integer) returns setof ${ident('a b')} language sql stable as $$ select * from ${ident('a b')} $$;
    create function whole(jsonb) returns jsonb language sql immutable as $$ select $1 $$;`;
}

const serveAwkward = () =>
  serve('awkward', async (folder) => {
    await mkdir(path.join(folder, 'schema'));
    await writeFile(path.join(folder, 'mainstay.toml'), '');
    await writeFile(path.join(folder, 'schema', 'main.sql'), awkward());
    await writeFile(path.join(folder, 'seed.sql'), '');
    return folder;
  });

const ask = (server, key, below) => fetch(`${server.url}/rest/v1${below}`, { headers: { apikey: key } });

/** The document for a key; the validator resolves the references of its own copy. */
async function described(server, key) {
  const answer = await ask(server, key, '/');
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type'), /^application\/openapi\+json/);
  const document = await answer.json();
  const verdict = await validate(structuredClone(document));
  assert.ok(verdict.valid, verdict.valid ? '' : compileErrors(verdict));
  assert.deepEqual(verdict.warnings, []);
  return document;
}

/** What is asked of each path that can be read: its columns, and the path with each filter that the document names. */
function* questions(document) {
  for (const [below, { get }] of Object.entries(document.paths)) {
    if (!get) continue;
    const parameters = get.parameters.filter((parameter) => parameter.in === 'query');
    if (below.startsWith('/rpc/')) {
      if (parameters.every((parameter) => !parameter.required)) yield below;
      continue;
    }
    const columns = parameters.map((parameter) => encodeURIComponent(parameter.name));
    yield `${below}?select=${columns}`;
    for (const column of columns) yield `${below}?select=${columns[0]}&${column}=not.is.null`;
  }
}

const servers = { 'the shop': serveShop, 'a project with awkward names': serveAwkward };
for (const [whose, start] of Object.entries(servers)) {
  describe(`the description of ${whose}`, () => {
    let server;
    before(async () => { server = await start(); });
    after(() => server?.close());

    for (const role of ['anon', 'service_role']) {
      it(`is valid OpenAPI and true, as ${role}`, async () => {
        const key = server.keys[`${role}_key`];
        const document = await described(server, key);
        assert.ok(Object.keys(document.paths).length > 3);
        assert.equal(document.servers[0].url, `${server.url}/rest/v1`);
        for (const question of questions(document)) {
          const answer = await ask(server, key, question);
          assert.equal(answer.status, 200, `${question}: ${await answer.text()}`);
        }
      });
    }
  });
}

describe('awkward names', () => {
  let server;
  let document;
  before(async () => {
    server = await serveAwkward();
    document = await described(server, server.keys.anon_key);
  });
  after(() => server?.close());

  it('are all there, each with a path and a schema of its own', () => {
    const paths = Object.keys(document.paths).filter((below) => !below.startsWith('/rpc/'));
    assert.deepEqual(paths.map((below) => decodeURIComponent(below.slice(1))).sort(), [...ODD, 'plain', 'a {view}'].sort());
    assert.equal(Object.keys(document.components.schemas).length, paths.length);
  });

  it('of functions lead to them', () => {
    const called = Object.keys(document.paths).filter((below) => below.startsWith('/rpc/'));
    assert.deepEqual(called.sort(), ['/rpc/odd', '/rpc/what%20is%2Fthis%25%3F', '/rpc/whole']);
    const arguments_ = document.paths['/rpc/what%20is%2Fthis%25%3F'].get.parameters;
    assert.deepEqual(arguments_.map((parameter) => parameter.name), ['the limit']);
  });

  it('name every column in a filter, in quotes where the grammar wants them', () => {
    const names = document.paths['/problem'].get.parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name);
    assert.equal(names.length, 1 + ODD.length + RESERVED.length);
    for (const name of ['id', 'a b', '"a.b"', '"say \\"hi\\""', 'größe', '"select"', '"limit"']) assert.ok(names.includes(name), name);
  });
});
