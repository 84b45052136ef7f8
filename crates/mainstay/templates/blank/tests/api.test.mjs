// Asks the running server, as any client does: `mainstay dev` in one terminal, `node --test tests/` in another.

import assert from 'node:assert/strict';
import test from 'node:test';

const url = process.env.MAINSTAY_URL ?? 'http://127.0.0.1:8000';
const { anon_key } = await (await fetch(`${url}/mainstay.json`)).json();
const get = (path) => fetch(`${url}/rest/v1/${path}`, { headers: { apikey: anon_key } });

test('the server is ready', async () => {
  assert.equal((await fetch(`${url}/ready`)).status, 200);
});

test('the API describes itself', async () => {
  const document = await (await get('')).json();
  assert.ok(document.openapi.startsWith('3.'));
});

test('visitors read notes that are published, and write none', async () => {
  const notes = await (await get('notes?select=title,published')).json();
  assert.ok(notes.length > 0);
  assert.ok(notes.every((note) => note.published));
  const refused = await fetch(`${url}/rest/v1/notes`, {
    method: 'POST',
    headers: { apikey: anon_key, 'content-type': 'application/json' },
    body: JSON.stringify({ title: 'mine' }),
  });
  assert.equal(refused.status, 401);
});
