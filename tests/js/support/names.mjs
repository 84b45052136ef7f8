// The music store has names like invoice_line in one script and like InvoiceLine in another. Questions are asked in the first
// way; here they are put in the second, and the answers back.

const NAMES = `album artist customer employee genre invoice invoice_line media_type playlist playlist_track track
  album_id artist_id customer_id employee_id genre_id invoice_id invoice_line_id media_type_id playlist_id track_id
  address billing_address billing_city billing_country billing_postal_code billing_state birth_date bytes city company composer
  country email fax first_name hire_date invoice_date last_name milliseconds name phone postal_code quantity reports_to state
  support_rep_id title total unit_price`.split(/\s+/);

const capitals = (name) => name.replace(/(?:^|_)([a-z])/g, (_, letter) => letter.toUpperCase());
const THERE = new Map(NAMES.map((name) => [name, capitals(name)]));
const HERE = new Map(NAMES.map((name) => [capitals(name), name]));

export const TABLES = NAMES.slice(0, 11).map(capitals);

const put = (text, names) => text.replace(/[A-Za-z_]+/g, (word) => names.get(word) ?? word);

/** fetch, for a server whose tables and columns are called the second way. */
export async function fetchWithCapitals(input, init = {}) {
  const url = new URL(input);
  url.pathname = put(url.pathname, THERE);
  url.search = new URLSearchParams([...url.searchParams].map((pair) => pair.map((part) => put(part, THERE)))).toString();
  const body = init.body?.replace(/"([a-z_]+)":/g, (_, name) => `"${THERE.get(name) ?? name}":`);
  const answer = await fetch(url, { ...init, body });
  if (init.method === 'HEAD' || answer.status === 204) return answer;
  const text = await answer.text();
  const isCsv = answer.headers.get('content-type')?.startsWith('text/csv');
  const back = isCsv
    ? text.replace(/^.*/, (header) => put(header, HERE))
    : text.replace(/"([A-Za-z]+)":/g, (_, name) => `"${HERE.get(name) ?? name}":`);
  return new Response(back, { status: answer.status, headers: answer.headers });
}
