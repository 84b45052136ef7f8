// supabase-js as the different people who use it.

import { createHmac } from 'node:crypto';
import { createClient } from '@supabase/supabase-js';
import WebSocket from 'ws';

export const ALICE = 'a11ce000-0000-4000-8000-000000000001';
export const BOB = 'b0b00000-0000-4000-8000-000000000002';
export const SAM = '5a000000-0000-4000-8000-000000000003'; // works here

const TOKEN_LIFE_S = 3600;

/** A JWT signed with HS256. `claims` may override everything, and `header` the algorithm's name. */
export function sign(claims, secret, header = {}) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
}

export const tokenFor = (sub, keys) =>
  sign({ role: 'authenticated', sub, exp: Math.floor(Date.now() / 1000) + TOKEN_LIFE_S }, keys.jwt_secret);

// Node 20 has no WebSocket of its own, and the client insists on one even where it is never opened.
const client = (server, key, token) =>
  createClient(server.url, key, {
    accessToken: async () => token,
    realtime: { transport: WebSocket },
    global: server.fetch ? { fetch: server.fetch } : {},
  });

/** A visitor: the anon key and nothing else. */
export const asVisitor = (server) => client(server, server.keys.anon_key, null);
/** Somebody who signed in. */
export const asUser = (server, sub) => client(server, server.keys.anon_key, tokenFor(sub, server.keys));
/** The shop's own programs: no policies. */
export const asService = (server) => client(server, server.keys.service_role_key, null);
/** Whoever holds this token. */
export const withToken = (server, token) => client(server, server.keys.anon_key, token);

/** A plain request, for what supabase-js does not show: the bytes and the headers. */
export function request(server, path, { token, headers = {}, ...rest } = {}) {
  const { url, keys } = server;
  return (server.fetch ?? fetch)(`${url}${path}`, {
    ...rest,
    headers: { apikey: keys.anon_key, ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  });
}
