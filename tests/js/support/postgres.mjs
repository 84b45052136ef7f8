// A PostgreSQL server for a test: its own folder and port, gone with the test.

import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const START_LIMIT_MS = 30_000;
const POLL_MS = 50;
const run = promisify(execFile);

/** The newest PostgreSQL of a Debian system, else what the path has. */
async function programs() {
  const root = '/usr/lib/postgresql';
  const versions = await readdir(root).catch(() => []);
  const newest = versions.map(Number).filter(Number.isFinite).sort((a, b) => b - a)[0];
  return newest ? path.join(root, String(newest), 'bin') : '';
}

/** PostgreSQL refuses to run as root. */
const asPostgres = (words) =>
  process.getuid?.() === 0 ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups', ...words] : words;

/** A port that nobody listens on. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** Starts a server. Gives { url, psql, close }: `psql(database, ...args)` runs a script, `url` has no database's name. */
export async function startPostgres() {
  const folder = await mkdtemp(path.join(tmpdir(), 'mainstay-postgres-'));
  const data = path.join(folder, 'data');
  const bin = await programs();
  await mkdir(data);
  await chmod(folder, 0o755);
  if (process.getuid?.() === 0) await run('chown', ['postgres', data]);
  const [initdb, ...options] = asPostgres([
    path.join(bin, 'initdb'), '--no-sync', '--pgdata', data, '--username=postgres', '--auth=trust', '--encoding=UTF8', '--locale=C.UTF-8',
  ]);
  await run(initdb, options);
  const port = await freePort();
  const [server, ...words] = asPostgres([
    path.join(bin, 'postgres'), '-D', data, '-k', data, '-p', String(port),
    ...['listen_addresses=127.0.0.1', 'fsync=off', 'synchronous_commit=off', 'full_page_writes=off'].flatMap((it) => ['-c', it]),
  ]);
  const child = spawn(server, words, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const url = `postgres://postgres@127.0.0.1:${port}`;
  const psql = (database, ...args) =>
    run(path.join(bin, 'psql'), ['--no-psqlrc', '--quiet', '--set', 'ON_ERROR_STOP=1', ...args, `${url}/${database}`]);
  const close = async () => {
    child.kill('SIGINT');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      await psql('postgres', '--command', 'SELECT 1');
      return { url, psql, close };
    } catch (problem) {
      if (Date.now() > limit) {
        await close();
        throw problem;
      }
      // There is no other sign that a server is ready than that it answers.
      await new Promise((resolve) => { setTimeout(resolve, POLL_MS); });
    }
  }
}
