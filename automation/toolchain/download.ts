/** Official downloads: gives up quickly where the network is closed, verifies where upstream publishes sums. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { currentPlatform, type Download, type ToolPin } from './pins.ts';

const run = promisify(execFile);
/** How long a server may stay silent before we give up. */
export interface Patience {
  /** Until the head of its answer. */
  answerMs: number;
  /** Between one part of the body and the next. */
  idleMs: number;
}

const usualPatience: Patience = { answerMs: 3000, idleMs: 15_000 };

/** Hosts that did not answer: not asked again in this run. */
const closedHosts = new Set<string>();

/** Fetches a tool into `folder` and returns its path; undefined when this fails. */
export async function downloadTool(
  pin: ToolPin,
  folder: string,
  onProgress: (line: string) => void,
  patience: Patience = usualPatience,
): Promise<string | undefined> {
  const download = pin.download(currentPlatform());
  if (!download) return undefined;
  try {
    const expected =
      download.sumsUrl === null ? null : await expectedSum(download, download.sumsUrl, patience);
    const into = join(folder, `${pin.name}.download`);
    await mkdir(into, { recursive: true });
    const file = join(into, basename(new URL(download.url).pathname));
    const actual = await fetchFile(download.url, file, patience, (megabytes) =>
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
    return (await open(url, 'HEAD', usualPatience)).answer.ok;
  } catch {
    return false;
  }
}

interface Opened {
  answer: Response;
  /** The body. Throws when the server stalls. */
  parts: () => AsyncGenerator<Uint8Array>;
}

async function open(url: string, method: 'GET' | 'HEAD', patience: Patience): Promise<Opened> {
  const { host } = new URL(url);
  if (closedHosts.has(host)) throw new Error(`${host} cannot be reached`);
  const silent = new AbortController();
  const within = async <Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> => {
    const timer = setTimeout(
      () => silent.abort(new Error(`${host} has said nothing for ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    return work.finally(() => clearTimeout(timer));
  };
  let answer: Response;
  try {
    answer = await within(patience.answerMs, fetch(url, { method, signal: silent.signal }));
  } catch {
    closedHosts.add(host);
    throw new Error(`${host} cannot be reached`);
  }
  const reader = answer.body?.getReader();
  return {
    answer,
    async *parts() {
      while (reader !== undefined) {
        const { done, value } = await within(patience.idleMs, reader.read());
        if (done) return;
        yield value;
      }
    },
  };
}

async function fetchFile(
  url: string,
  file: string,
  patience: Patience,
  onMegabytes: (megabytes: number) => void,
): Promise<string> {
  const { answer, parts } = await open(url, 'GET', patience);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  const hash = createHash('sha256');
  let bytes = 0;
  let told = Date.now();
  async function* watched() {
    for await (const part of parts()) {
      hash.update(part);
      bytes += part.byteLength;
      if (Date.now() - told > 5000) {
        told = Date.now();
        onMegabytes(Math.round(bytes / 1e6));
      }
      yield part;
    }
  }
  await pipeline(watched, createWriteStream(file));
  const length = answer.headers.get('content-length');
  if (length !== null && answer.headers.get('content-encoding') === null && Number(length) !== bytes)
    throw new Error(`${url} broke off after ${bytes} of ${length} bytes`);
  return hash.digest('hex');
}

async function expectedSum({ url }: Download, sumsUrl: string, patience: Patience): Promise<string> {
  const { answer, parts } = await open(sumsUrl, 'GET', patience);
  if (!answer.ok) throw new Error(`${sumsUrl} answered ${answer.status}`);
  const sum = findSum(await text(parts()), basename(new URL(url).pathname));
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
