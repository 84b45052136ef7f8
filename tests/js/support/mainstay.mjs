// Runs the mainstay binary for a test: its commands to the end, its server until the test is over.

import { execFile, spawn } from 'node:child_process';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startMariaDb } from './mariadb.mjs';
import { TABLES, fetchWithCapitals } from './names.mjs';
import { startPostgres } from './postgres.mjs';

const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 15_000;

export const repository = fileURLToPath(new URL('../../../', import.meta.url));

/** The binary under test: MAINSTAY_BIN, else the release build, else the debug build of this repository. */
function binary() {
  const candidates = process.env.MAINSTAY_BIN
    ? [path.resolve(process.env.MAINSTAY_BIN)]
    : ['release', 'debug'].map((profile) => path.join(repository, 'target', profile, 'mainstay'));
  const found = candidates.find((file) => existsSync(file));
  if (!found) throw new Error(`no mainstay binary at ${candidates.join(' or ')}; build one or set MAINSTAY_BIN`);
  return found;
}

// The project's own settings must decide, not those of the shell the tests were started from.
const environment = (extra = {}) => ({
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MAINSTAY_'))),
  NO_COLOR: '1',
  ...extra,
});

/** Runs one command to its end and gives { stdout, stderr }; a failure carries everything it printed. */
export async function mainstay(args, { cwd, env } = {}) {
  try {
    return await promisify(execFile)(binary(), args, { cwd, env: environment(env), maxBuffer: 64 * 1024 * 1024 });
  } catch (failure) {
    throw new Error(`mainstay ${args.join(' ')} failed (${failure.code})\n${failure.stdout}\n${failure.stderr}`);
  }
}

/** A folder that vanishes with the test. */
export async function temporaryFolder(name) {
  const folder = await mkdtemp(path.join(tmpdir(), `mainstay-${name}-`));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** Applies the schema and the seed of a project, if it has any of its own, and serves it on a free port. */
async function start(folder, env) {
  if (existsSync(path.join(folder, 'schema')) && env.MAINSTAY_DATABASE_SOURCE !== 'existing') {
    await mainstay(['schema', 'apply'], { cwd: folder, env });
    await mainstay(['db', 'seed'], { cwd: folder, env });
  }
  const keys = JSON.parse((await mainstay(['keys', '--json'], { cwd: folder, env })).stdout);
  const child = spawn(binary(), ['serve', '.', '--listen', '127.0.0.1:0'], {
    cwd: folder, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
  const url = await addressOf(child, ended);
  return { url, keys, child, ended };
}

/** Waits for the line that names the address; a server that ends or stays silent is a failure that shows its output. */
function addressOf(child, ended) {
  return new Promise((resolve, reject) => {
    let printed = '';
    const fail = (why) => {
      child.kill('SIGKILL');
      reject(new Error(`mainstay serve ${why}\n${printed}`));
    };
    const limit = setTimeout(() => fail(`named no address within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    ended.then(({ code, signal }) => {
      clearTimeout(limit);
      fail(`ended early (${code ?? signal})`);
    });
    child.stderr.on('data', (chunk) => { printed += chunk; });
    child.stdout.on('data', (chunk) => {
      printed += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+/.exec(printed);
      if (!address) return;
      clearTimeout(limit);
      resolve(address[0]);
    });
  });
}

/** Asks the server to stop and waits for it; a server that does not stop is killed and reported. */
async function stop({ child, ended }) {
  child.kill('SIGTERM');
  let limit;
  const late = new Promise((resolve) => { limit = setTimeout(() => resolve(null), STOP_LIMIT_MS); });
  const end = await Promise.race([ended, late]);
  clearTimeout(limit);
  if (!end) {
    child.kill('SIGKILL');
    throw new Error(`mainstay did not stop within ${STOP_LIMIT_MS} ms of SIGTERM`);
  }
  if (end.code !== 0) throw new Error(`mainstay ended with ${end.code ?? end.signal} after SIGTERM`);
}

/**
 * Makes a project in a temporary folder with `prepare(folder)`, which gives the project's own folder, and serves it.
 * Gives { url, keys, close }.
 */
export async function serve(name, prepare, env = {}) {
  const { folder, remove } = await temporaryFolder(name);
  try {
    const server = await start(await prepare(folder), env);
    return {
      url: server.url,
      keys: server.keys,
      async close() {
        try {
          await stop(server);
        } finally {
          await remove();
        }
      },
    };
  } catch (problem) {
    await remove();
    throw problem;
  }
}

/** Starts a database, and what `serving` serves from it; the database ends with the server. */
async function besides(starting, serving) {
  const database = await starting();
  try {
    const server = await serving(database);
    const close = async () => {
      try {
        await server.close();
      } finally {
        await database.close();
      }
    };
    return { ...server, close };
  } catch (problem) {
    await database.close();
    throw problem;
  }
}

const copyShop = async (folder) => {
  const project = path.join(folder, 'shop');
  await cp(path.join(repository, 'examples', 'shop'), project, {
    recursive: true,
    filter: (source) => path.basename(source) !== '.mainstay',
  });
  return project;
};

/** A served copy of examples/shop, on the kind of database that MAINSTAY_TEST_DATABASE names; on SQLite if it names none. */
export async function serveShop() {
  const on = (url) => serve('shop', copyShop, { MAINSTAY_DATABASE_URL: url });
  const kind = process.env.MAINSTAY_TEST_DATABASE ?? '';
  switch (kind) {
    case '':
      return serve('shop', copyShop);
    case 'postgres':
      return besides(startPostgres, async (postgres) => {
        await postgres.psql('postgres', '--command', 'CREATE DATABASE shop');
        return on(`${postgres.url}/shop`);
      });
    case 'mysql':
      return besides(startMariaDb, async (mariadb) => {
        await mariadb.query("CREATE DATABASE shop; GRANT ALL ON shop.* TO mainstay@'127.0.0.1'");
        return on(`${mariadb.url}/shop`);
      });
    default:
      throw new Error(`MAINSTAY_TEST_DATABASE is ${kind}: it can be postgres or mysql`);
  }
}

/** A project made by `mainstay init --from-sql` from a published PostgreSQL script, served. */
export const serveChinook = () =>
  serve('music', async (folder) => {
    const script = path.join(repository, 'tests', 'data', 'chinook', 'chinook.sql');
    await mainstay(['init', 'music', '--from-sql', script, '--public-read'], { cwd: folder });
    return path.join(folder, 'music');
  }, { MAINSTAY_API_AGGREGATES: 'true' });

/** The same script loaded by psql, and served as it is. */
export const serveChinookAsItIs = () =>
  besides(startPostgres, async (postgres) => {
    await postgres.psql('postgres', '--file', path.join(repository, 'tests', 'data', 'chinook', 'chinook.sql'));
    await postgres.psql('chinook', '--command', `
      CREATE ROLE anon; CREATE ROLE authenticated; CREATE ROLE service_role BYPASSRLS;
      GRANT SELECT ON ALL TABLES IN SCHEMA public TO anon, authenticated, service_role`);
    return serve('music', async (folder) => {
      await writeFile(path.join(folder, 'mainstay.toml'), `
        [database]
        source = "existing"
        db-uri = "${postgres.url}/chinook"
        db-aggregates-enabled = true
        db-plan-enabled = true
      `);
      return folder;
    });
  });

/** The script of MySQL loaded by mariadb, and served as it is: the tables are pulled, and a file of policies opens them. */
export const serveChinookOnMariaDb = () =>
  besides(startMariaDb, async (mariadb) => {
    const env = {
      MAINSTAY_DATABASE_URL: `${mariadb.url}/Chinook`,
      MAINSTAY_DATABASE_SOURCE: 'existing',
      MAINSTAY_API_AGGREGATES: 'true',
    };
    await mariadb.load(path.join(repository, 'tests', 'data', 'chinook', 'mysql', 'chinook.sql'));
    const server = await serve('music', async (folder) => {
      await writeFile(path.join(folder, 'mainstay.toml'), '');
      await mainstay(['schema', 'pull'], { cwd: folder, env });
      const policies = TABLES.map((table) => `
        ALTER TABLE "${table}" ENABLE ROW LEVEL SECURITY;
        CREATE POLICY everyone ON "${table}" FOR SELECT USING (true);`);
      await writeFile(path.join(folder, 'schema', '20_policies.sql'), policies.join(''));
      return folder;
    }, env);
    return { ...server, fetch: fetchWithCapitals };
  });
