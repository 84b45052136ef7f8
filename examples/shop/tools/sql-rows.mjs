// Rows → INSERT statements in PostgreSQL's syntax. Knows how values are written, not what they mean.

const ROWS_PER_STATEMENT = 200;

/** A piece of SQL that is already in its final form. */
class Sql {
  constructor(text) {
    this.text = text;
  }
}

const quote = (text) => `'${text.replaceAll("'", "''")}'`;

function literal(value) {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Sql) return value.text;
  if (typeof value === 'string') return quote(value);
  return String(value); // numbers and booleans
}

/** A whole number of 10^-scale units as an exact decimal: money(1290) is 12.90. */
export function money(units, scale = 2) {
  if (units === null) return null;
  const digits = String(units).padStart(scale + 1, '0');
  return new Sql(`${digits.slice(0, -scale)}.${digits.slice(-scale)}`);
}

export const date = (ms) => (ms === null ? null : new Date(ms).toISOString().slice(0, 10));
export const timestamp = (ms) => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}+00`;
export const json = (value) => JSON.stringify(value);
export const array = (texts) => `{${texts.join(',')}}`;

export function insert(table, columns, rows) {
  const statements = [];
  for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
    const lines = rows.slice(at, at + ROWS_PER_STATEMENT).map((row) => `  (${row.map(literal).join(', ')})`);
    statements.push(`insert into ${table} (${columns.join(', ')}) values\n${lines.join(',\n')};`);
  }
  return statements.join('\n\n');
}
