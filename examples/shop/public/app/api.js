// The one client, and who is using it. A visitor sends the anon key; somebody who signed in sends his own token instead.

const TOKEN_KEY = 'fernhill.token';

let token = localStorage.getItem(TOKEN_KEY);
let client;

/** Asks the server for the public key of the project and makes the client. */
export async function connect() {
  const answer = await fetch('/mainstay.json');
  if (!answer.ok) throw new Error(`the server gave no settings (${answer.status})`);
  const { anon_key: anonKey } = await answer.json();
  client = window.supabase.createClient(location.origin, anonKey, { accessToken: async () => token });
}

/** The client; api().from('products') and so on. */
export const api = () => client;

/** The rows of an answer, or an Error with the server's own words. */
export async function rows(query) {
  const { data, error, count } = await query;
  if (error) throw Object.assign(new Error(error.message), { code: error.code, hint: error.hint });
  return count === null || count === undefined ? data : { data, count };
}

/** The claims of a token; null when it is not a token of a person. The server, not the page, decides what it is worth. */
export function claimsOf(jwt) {
  try {
    const payload = jwt.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    const claims = JSON.parse(atob(payload));
    return typeof claims.sub === 'string' ? claims : null;
  } catch {
    return null;
  }
}

export const userId = () => (token ? claimsOf(token)?.sub ?? null : null);

export function keepToken(jwt) {
  token = jwt;
  if (jwt) localStorage.setItem(TOKEN_KEY, jwt);
  else localStorage.removeItem(TOKEN_KEY);
}

/** A version 4 UUID. crypto.randomUUID would do, but browsers offer it on encrypted pages only. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((b) => b.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
