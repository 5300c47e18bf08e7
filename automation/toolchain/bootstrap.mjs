/**
 * What `npm start`, `npm test` and the `npm run` commands below run first: installs the packages when they are
 * missing or belong to another lock file, then hands over to the project's own Node. Plain JavaScript without
 * dependencies, for any Node from 20 on. Standard output belongs to the command alone.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.tenantry-lock-hash');
const lock = join(root, '.tenantry', 'install.lock');
/** The holder touches the lock every second; a lock not touched for this long has no holder. */
const lockStaleMs = 10_000;

const entries = {
  start: ['cli/main.ts', 'start'],
  tenantry: ['cli/main.ts'],
  test: ['test/run.ts'],
  bench: ['test/bench/main.ts'],
  preview: ['automation/preview/main.ts'],
  docs: ['automation/environment/write-document.ts'],
  client: ['api/generate-client.ts'],
};

const [command = '', ...rest] = process.argv.slice(2);
const begun = Date.now();
main().catch((error) => {
  say(error instanceof Error ? error.message : String(error));
  process.exit(1);
});

async function main() {
  if (Number(process.versions.node.split('.')[0]) < 20)
    throw new Error(`Tenantry needs Node 20 or newer; this is ${process.version}: https://nodejs.org`);
  const entry = entries[command];
  if (!entry)
    throw new Error(`bootstrap.mjs takes one of ${Object.keys(entries).join(', ')}, not "${command}".`);
  await ensurePackages();
  const env = {
    ...process.env,
    ...proxyVariables(),
    PATH: [join(modules, '.bin'), process.env.PATH ?? ''].join(delimiter),
    // The SDKs are large: with their compiled code cached, every process starts in two thirds of the time.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(modules, '.cache', 'tenantry', 'compiled'),
  };
  handOver(join(modules, '.bin', 'node'), [...entry, ...rest], env);
}

/** Downloads go through the environment's proxy; requests to this machine never do. */
function proxyVariables() {
  const { HTTPS_PROXY, https_proxy, HTTP_PROXY, http_proxy, NO_PROXY, no_proxy } = process.env;
  if (!(HTTPS_PROXY || https_proxy || HTTP_PROXY || http_proxy)) return {};
  const direct = [NO_PROXY || no_proxy, '127.0.0.1', 'localhost'].filter(Boolean).join(',');
  return { NODE_USE_ENV_PROXY: '1', NO_PROXY: direct, no_proxy: direct };
}

/**
 * Runs the command in a process group of its own: passes a signal (Ctrl-C reaches this process once by the terminal
 * and once more by npm) on exactly once, and exits with the command's code. The channel carries no messages: it
 * closes when this process ends for whatever reason, which tells a long-running command to end too.
 */
function handOver(program, args, env) {
  args[0] = join(root, args[0]);
  const child = spawn(program, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env,
    detached: process.platform !== 'win32',
  });
  const passedAt = {};
  const pass = (signal) => {
    const now = Date.now();
    if (now - (passedAt[signal] ?? 0) < 1000) return;
    passedAt[signal] = now;
    child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  if (process.env.npm_lifecycle_event) endWithParent(() => pass('SIGTERM'));
  child.on('error', (error) => {
    say(`${program} cannot be started: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** npm that is killed outright passes no signal on: a changed parent reveals its end. */
function endWithParent(end) {
  const parent = process.ppid;
  const watching = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watching);
    end();
  }, 500);
}

async function ensurePackages() {
  if (packagesAreCurrent()) return;
  const release = await takeLock();
  try {
    if (packagesAreCurrent()) return;
    if (installMatchesLock()) return markCurrent();
    // Removed before npm begins: an interrupted install never looks like a finished one.
    rmSync(stamp, { force: true });
    await install();
    markCurrent();
  } finally {
    release();
  }
}

function packagesAreCurrent() {
  try {
    return readFileSync(stamp, 'utf8') === lockHash() && existsSync(join(modules, '.bin', 'node'));
  } catch {
    return false;
  }
}

/**
 * Whether somebody's own `npm ci` or `npm install` has installed exactly what the lock file says. npm writes its
 * record last, so an interrupted install has none.
 */
function installMatchesLock() {
  try {
    const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
    const installed = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([path, { version, optional }]) => {
      if (path === '') return true;
      const found = installed[path];
      return found === undefined ? optional === true : found.version === version;
    });
  } catch {
    return false;
  }
}

function markCurrent() {
  writeFileSync(`${stamp}.new`, lockHash());
  renameSync(`${stamp}.new`, stamp);
}

function lockHash() {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}

function install() {
  say('installing packages (npm ci)');
  const ticking = setInterval(() => say('installing packages'), 10_000);
  // `npm test` and the like set npm_* variables for this project; npm ci reads the same files itself.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_(?!config_)/.test(name)),
  );
  const cli = process.env.npm_execpath;
  const [program, args] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []];
  return new Promise((resolve, reject) => {
    // Its standard output goes to our standard error.
    const child = spawn(program, [...args, 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
      cwd: root,
      env,
      stdio: ['ignore', 2, 2],
    });
    child.on('error', (error) => reject(new Error(`npm cannot be started: ${error.message}`)));
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`npm ci failed (${signal ?? code}); its output is above.`)),
    );
  }).finally(() => clearInterval(ticking));
}

/** Waits until no other bootstrap installs; a dead holder's lock goes stale by itself. */
async function takeLock() {
  let told = false;
  mkdirSync(dirname(lock), { recursive: true, mode: 0o700 });
  for (;;) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (lockIsStale()) {
      rmSync(lock, { force: true });
      continue;
    }
    if (!told) say('waiting for another process that installs packages');
    told = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  const touching = setInterval(() => {
    if (existsSync(lock)) utimesSync(lock, new Date(), new Date());
  }, 1000);
  touching.unref();
  return () => {
    clearInterval(touching);
    rmSync(lock, { force: true });
  };
}

function lockIsStale() {
  try {
    if (Date.now() - statSync(lock).mtimeMs > lockStaleMs) return true;
    const holder = Number(readFileSync(lock, 'utf8'));
    if (holder === 0) return false;
    process.kill(holder, 0);
    return false;
  } catch (error) {
    // ESRCH: the holder is gone. ENOENT: the lock is.
    return error.code === 'ESRCH' || error.code === 'ENOENT';
  }
}

function say(text) {
  const seconds = Math.round((Date.now() - begun) / 1000);
  process.stderr.write(`tenantry: ${text}${seconds > 0 ? ` (${seconds} s)` : ''}\n`);
}
