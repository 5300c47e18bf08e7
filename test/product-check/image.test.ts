import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { parseImage } from '../../automation/product-check/image-reference.ts';
import { checkImage, readImage, Unreadable } from '../../automation/product-check/index.ts';
import { demands, rulesOf } from './demands.ts';

const servers: Server[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

interface FakeImage {
  readonly architecture: string;
  readonly config: Record<string, unknown>;
  readonly layerBytes?: number;
}

/** A registry as the OCI distribution specification has it, with `team/app:1.0` in it; asks for a token when told to. */
async function registry(images: readonly FakeImage[], options: { login?: string } = {}): Promise<string> {
  const blobs = new Map<string, string>();
  const put = (value: unknown) => {
    const text = JSON.stringify(value);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    blobs.set(digest, text);
    return { digest, size: text.length };
  };
  const manifests = images.map(({ architecture, config, layerBytes = 1000 }) => ({
    ...put({
      schemaVersion: 2,
      config: put({ architecture, os: 'linux', config }),
      layers: [{ digest: `sha256:${'0'.repeat(64)}`, size: layerBytes }],
    }),
    platform: { architecture, os: 'linux' },
  }));
  const index = JSON.stringify({
    schemaVersion: 2,
    manifests: [...manifests, { ...put({}), platform: { architecture: 'unknown', os: 'unknown' } }],
  });
  const server = createServer((request, response) => {
    const answer = (status: number, body: string, headers = {}) =>
      response.writeHead(status, headers).end(body);
    const { port } = server.address() as AddressInfo;
    if (request.url?.startsWith('/token')) {
      const expected = `Basic ${Buffer.from(options.login ?? '').toString('base64')}`;
      if (request.headers.authorization !== expected) return answer(401, '{}');
      return answer(200, JSON.stringify({ token: 'pass' }));
    }
    if (options.login !== undefined && request.headers.authorization !== 'Bearer pass')
      return answer(401, '{}', {
        'www-authenticate': `Bearer realm="http://127.0.0.1:${port}/token",service="test"`,
      });
    const name = request.url?.split('/').at(-1) ?? '';
    if (request.url === '/v2/team/app/manifests/1.0' || request.url === '/v2/team/app/manifests/latest')
      return answer(200, index);
    return answer(blobs.has(name) ? 200 : 404, blobs.get(name) ?? '{}');
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const good = { User: '1000', ExposedPorts: { '3000/tcp': {} }, Entrypoint: ['/app'], Cmd: [] };
const both = (config: Record<string, unknown>, layerBytes?: number) =>
  ['amd64', 'arm64'].map((architecture) => ({ architecture, config, ...(layerBytes && { layerBytes }) }));

async function check(images: readonly FakeImage[], tag = '1.0') {
  const host = await registry(images);
  return checkImage(await readImage(`${host}/team/app:${tag}`), demands);
}

describe('an image', () => {
  test('that fits has nothing but good marks, read from its registry', async () => {
    const verdicts = await check(both(good));
    expect(rulesOf(verdicts, 'problem')).toEqual([]);
    expect(rulesOf(verdicts, 'warning')).toEqual([]);
    expect(rulesOf(verdicts, 'ok')).toEqual([
      'architecture',
      'port',
      'size',
      'start',
      'termination',
      'user',
      'version',
      'writes',
    ]);
  });

  test.each([
    ['is not pinned', both(good), 'latest', 'problem', 'version'],
    [
      'lacks an architecture of the nodes',
      [{ architecture: 'amd64', config: good }],
      '1.0',
      'problem',
      'architecture',
    ],
    ['starts nothing', both({ ...good, Entrypoint: null, Cmd: null }), '1.0', 'problem', 'start'],
    ['cannot be ended gently', both({ ...good, StopSignal: 'SIGKILL' }), '1.0', 'problem', 'termination'],
    ['is made for root', both({ ...good, User: 'root:root' }), '1.0', 'warning', 'user'],
    ['exposes another port', both({ ...good, ExposedPorts: { '8080/tcp': {} } }), '1.0', 'warning', 'port'],
    [
      'writes elsewhere',
      both({ ...good, Volumes: { '/data/x': {}, '/var/lib/x': {} } }),
      '1.0',
      'warning',
      'writes',
    ],
    [
      'trusts in HEALTHCHECK',
      both({ ...good, Healthcheck: { Test: ['CMD', 'true'] } }),
      '1.0',
      'warning',
      'probes',
    ],
    ['is large', both(good, 3e9), '1.0', 'warning', 'size'],
  ] as const)('that %s is told so', async (_name, images, tag, outcome, rule) => {
    expect(rulesOf(await check(images, tag), outcome)).toEqual([rule]);
  });

  test('behind a login is read with one, and without one the message says how to give it', async () => {
    const host = await registry(both(good), { login: 'ada:secret' });
    await expect(readImage(`${host}/team/app:1.0`)).rejects.toThrow(/refuses the login/);
    expect((await readImage(`${host}/team/app:1.0`, 'ada:secret')).configs).toHaveLength(2);
  });

  test('that the registry does not have, or a registry that is away, is one sentence', async () => {
    const host = await registry(both(good));
    await expect(readImage(`${host}/team/other:1.0`)).rejects.toThrow(`${host} has no team/other at 1.0.`);
    await expect(readImage('127.0.0.1:1/team/app:1.0')).rejects.toThrow(/127.0.0.1:1 cannot be reached/);
  });
});

describe('a reference', () => {
  test.each([
    ['nginx', 'registry-1.docker.io', 'library/nginx', 'latest', null],
    ['nginx:1.29', 'registry-1.docker.io', 'library/nginx', '1.29', 'tag'],
    ['docker.io/acme/app:2', 'registry-1.docker.io', 'acme/app', '2', 'tag'],
    ['ghcr.io/acme/app:v1.0', 'ghcr.io', 'acme/app', 'v1.0', 'tag'],
    ['localhost:5000/app', 'localhost:5000', 'app', 'latest', null],
    [
      `ghcr.io/acme/app:v1@sha256:${'a'.repeat(64)}`,
      'ghcr.io',
      'acme/app',
      `sha256:${'a'.repeat(64)}`,
      'digest',
    ],
  ])('%s is read as container runtimes read it', (text, host, repository, version, named) => {
    expect(parseImage(text)).toEqual({ registry: host, repository, version, named });
  });

  test.each(['', 'Acme/App', 'ghcr.io/', 'app:', 'app@sha256:12', 'a b', '../app'])(
    '%j is refused',
    (text) => {
      expect(() => parseImage(text)).toThrow(Unreadable);
    },
  );
});
