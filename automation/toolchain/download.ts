/** Official downloads: given up quickly where the network is closed, verified where upstream publishes sums. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { currentPlatform, type Download, type ToolPin } from './pins.ts';

const run = promisify(execFile);
/** Until the first byte of an answer. */
const connectTimeoutMs = 3000;
/** Without a byte of the body. */
const stallTimeoutMs = 15_000;

/** Hosts that did not answer: not asked again in this run. */
const closedHosts = new Set<string>();

/** Fetches a tool into `folder` and gives its path; undefined when it cannot be had this way. */
export async function downloadTool(
  pin: ToolPin,
  folder: string,
  onProgress: (line: string) => void,
): Promise<string | undefined> {
  const download = pin.download(currentPlatform());
  if (!download) return undefined;
  try {
    const expected = download.sumsUrl === null ? null : await expectedSum(download.sumsUrl, download.url);
    const into = join(folder, `${pin.name}.download`);
    await mkdir(into, { recursive: true });
    const file = join(into, basename(new URL(download.url).pathname));
    const actual = await fetchFile(download.url, file, (megabytes) =>
      onProgress(`downloading ${pin.name} ${pin.version}: ${megabytes} MB`),
    );
    if (expected !== null && expected !== actual)
      throw new Error(`the SHA-256 of ${download.url} is ${actual}, not the published ${expected}`);
    return await unpack(download, file, into);
  } catch (error) {
    onProgress(
      `${pin.name} ${pin.version} is not downloaded: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

/** Whether the address answers a HEAD request with success, within a few seconds. */
export async function canDownload(url: string): Promise<boolean> {
  try {
    const answer = await open(url, 'HEAD');
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

async function open(url: string, method: 'GET' | 'HEAD'): Promise<Response> {
  const { host } = new URL(url);
  if (closedHosts.has(host)) throw new Error(`${host} cannot be reached`);
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), connectTimeoutMs);
  try {
    return await fetch(url, { method, signal: abort.signal });
  } catch {
    closedHosts.add(host);
    throw new Error(`${host} cannot be reached`);
  } finally {
    clearTimeout(timer);
  }
}

async function fetchFile(
  url: string,
  file: string,
  onMegabytes: (megabytes: number) => void,
): Promise<string> {
  const answer = await open(url, 'GET');
  if (!answer.ok || answer.body === null) throw new Error(`${url} answered ${answer.status}`);
  const hash = createHash('sha256');
  let bytes = 0;
  let told = Date.now();
  const reader = answer.body.getReader();
  async function* chunks() {
    for (;;) {
      const stalled = setTimeout(() => void reader.cancel(new Error('stalled')), stallTimeoutMs);
      const { done, value } = await reader.read().finally(() => clearTimeout(stalled));
      if (done) return;
      hash.update(value);
      bytes += value.byteLength;
      if (Date.now() - told > 5000) {
        told = Date.now();
        onMegabytes(Math.round(bytes / 1e6));
      }
      yield value;
    }
  }
  await pipeline(chunks, createWriteStream(file));
  const length = answer.headers.get('content-length');
  if (length !== null && answer.headers.get('content-encoding') === null && Number(length) !== bytes)
    throw new Error(`${url} broke off after ${bytes} of ${length} bytes`);
  return hash.digest('hex');
}

async function expectedSum(sumsUrl: string, url: string): Promise<string> {
  const answer = await open(sumsUrl, 'GET');
  if (!answer.ok) throw new Error(`${sumsUrl} answered ${answer.status}`);
  const sum = findSum(await answer.text(), basename(new URL(url).pathname));
  if (sum === undefined) throw new Error(`${sumsUrl} has no sum of ${basename(url)}`);
  return sum;
}

/** Finds a file's sum in a list of `<sum>  <file>` lines, or takes the only sum of a file that has no names. */
export function findSum(list: string, file: string): string | undefined {
  const lines = list
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([sum]) => /^[0-9a-f]{64}$/i.test(sum ?? ''));
  const named = lines.find(([, name]) => name?.replace(/^[*./]+/, '') === file);
  const only = lines.length === 1 && lines[0]?.length === 1 ? lines[0] : undefined;
  return (named ?? only)?.[0]?.toLowerCase();
}

async function unpack(download: Download, file: string, folder: string): Promise<string> {
  let program = file;
  if (download.member !== null) {
    await run('tar', ['-xzf', file, '-C', folder, download.member]);
    program = join(folder, download.member);
  }
  await chmod(program, 0o755);
  return program;
}
