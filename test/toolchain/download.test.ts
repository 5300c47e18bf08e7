import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { downloadTool, findSum } from '../../automation/toolchain/download.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { ensureTool } from '../../automation/toolchain/tools.ts';
import { fakePin, fakeWorld } from './fake-tools.ts';

const program = '#!/bin/sh\necho "v1.2.3"\n';
const sum = createHash('sha256').update(program).digest('hex');
const releases: Array<() => unknown> = [];

afterEach(async () => {
  for (const release of releases.splice(0)) await release();
});

/** A server that answers so; gives the address of the tool on it. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return `http://127.0.0.1:${address.port}/kwok`;
}

/** Brings the tool from a server that answers so, with a Go at hand; gives its source and how long it took. */
async function bringFrom(listener: RequestListener) {
  const world = await fakeWorld();
  releases.push(world.remove);
  const url = await serve(listener);
  const progress: string[] = [];
  const begun = Date.now();
  const tool = await ensureTool('kwok', {
    env: readToolchainEnv({
      TENANTRY_CACHE: world.cache,
      PATH: `${world.goFolder}:/usr/bin:/bin`,
      HOME: world.root,
    }),
    pins: [fakePin(() => ({ url, sumsUrl: `${url}.sha256`, member: null }))],
    modulesDir: world.modules,
    onProgress: (line) => progress.push(line),
  });
  return { source: tool.source, tookMs: Date.now() - begun, progress: progress.join('\n') };
}

describe('a download', () => {
  test('is taken when its sum is the published one', async () => {
    const brought = await bringFrom((request, answer) => {
      answer.end(request.url === '/kwok' ? program : `${sum}  kwok\n`);
    });
    expect(brought.source).toBe('download');
  });

  test('is refused when its sum is another, and the tool is built', async () => {
    const brought = await bringFrom((request, answer) => {
      answer.end(request.url === '/kwok' ? `${program}# changed\n` : `${sum}  kwok\n`);
    });
    expect(brought.source).toBe('build');
    expect(brought.progress).toMatch(/not the published/);
  });

  test('that breaks off is refused, and the tool is built', async () => {
    const brought = await bringFrom((request, answer) => {
      if (request.url !== '/kwok') return void answer.end(`${sum}  kwok\n`);
      answer.writeHead(200, { 'content-length': 1000 });
      answer.write(program, () => answer.destroy());
    });
    expect(brought.source).toBe('build');
  });

  test('that is not there falls through to a build', async () => {
    const brought = await bringFrom((_request, answer) => {
      answer.writeHead(404);
      answer.end();
    });
    expect(brought.source).toBe('build');
  });

  test('from a host that never answers falls through within a few seconds', async () => {
    const brought = await bringFrom(() => {});
    expect(brought.source).toBe('build');
    expect(brought.tookMs).toBeLessThan(6000);
  });
});

describe('a server that stalls', () => {
  test.each([
    ['in the middle of the program', '/kwok', program.slice(0, 10)],
    ['before the program', '/kwok', ''],
    ['in the middle of the sums', '/kwok.sha256', sum.slice(0, 10)],
  ])('%s is given up', async (_when, stalling, part) => {
    const world = await fakeWorld();
    releases.push(world.remove);
    const url = await serve((request, answer) => {
      if (request.url !== stalling) return void answer.end(request.url === '/kwok' ? program : sum);
      answer.flushHeaders();
      if (part !== '') answer.write(part);
    });
    const progress: string[] = [];
    // Without sums only the stall itself tells that something is missing.
    const sumsUrl = stalling === '/kwok' ? null : `${url}.sha256`;
    const pin = fakePin(() => ({ url, sumsUrl, member: null }));
    const path = await downloadTool(pin, world.root, (line) => progress.push(line), {
      answerMs: 60_000,
      idleMs: 50,
    });
    expect(path).toBeUndefined();
    expect(progress.join('\n')).toMatch(/127\.0\.0\.1:\d+ has said nothing for 0\.05 s/);
  });
});

describe('a published sum', () => {
  test.each([
    ['names in a list', `${'a'.repeat(64)}  other.tar.gz\n${sum}  kwok\n`, sum],
    ['names with a star', `${sum} *kwok\n`, sum],
    ['a bare sum', `${sum}\n`, sum],
    ['no such name', `${sum}  other\n`, undefined],
    ['a page of something else', '<html>not found</html>', undefined],
  ])('is read from %s', (_what, list, expected) => {
    expect(findSum(list, 'kwok')).toBe(expected);
  });
});
