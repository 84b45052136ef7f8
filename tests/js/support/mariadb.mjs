// A MariaDB server for a test: its own folder and port, gone with the test.

import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './postgres.mjs';

const START_LIMIT_MS = 30_000;
const POLL_MS = 50;
const run = promisify(execFile);

/** It refuses to run as root, unless it is told whom to run as. */
const user = () => (process.getuid?.() === 0 ? ['--user=mysql'] : []);

/** Starts a server. Gives { url, load, query, close }: `load(file)` runs a script, `url` has no database's name. */
export async function startMariaDb() {
  const folder = await mkdtemp(path.join(tmpdir(), 'mainstay-mariadb-'));
  const data = path.join(folder, 'data');
  await mkdir(data);
  await chmod(folder, 0o755);
  if (process.getuid?.() === 0) await run('chown', ['mysql', data]);
  await run('mariadb-install-db', [
    '--no-defaults', ...user(), `--datadir=${data}`, '--auth-root-authentication-method=normal', '--skip-test-db',
  ]);
  const port = await freePort();
  const program = existsSync('/usr/sbin/mariadbd') ? '/usr/sbin/mariadbd' : 'mariadbd';
  const child = spawn(program, [
    '--no-defaults', ...user(), `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', `--socket=${data}/socket`,
    `--pid-file=${data}/pid`, '--performance-schema=0', '--skip-log-bin', '--innodb-flush-log-at-trx-commit=2',
  ], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const client = ['--no-defaults', `--socket=${data}/socket`, '--user=root', '--default-character-set=utf8mb4'];
  const query = (sql) => run('mariadb', [...client, '--execute', sql]);
  const load = async (file) => {
    const script = await open(file);
    const loading = spawn('mariadb', client, { stdio: [script.fd, 'ignore', 'inherit'] });
    const code = await new Promise((resolve) => loading.once('exit', resolve));
    await script.close();
    if (code !== 0) throw new Error(`mariadb ended with ${code} on ${file}`);
  };
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const limit = Date.now() + START_LIMIT_MS;
  for (;;) {
    try {
      await query("CREATE USER mainstay@'127.0.0.1'; GRANT SELECT, INSERT, UPDATE, DELETE ON *.* TO mainstay@'127.0.0.1'");
      return { url: `mysql://mainstay@127.0.0.1:${port}`, load, query, close };
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
