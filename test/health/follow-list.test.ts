/** How a list is followed when the server misbehaves; `watch.test.ts` follows a real one. */
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { followList, KubernetesClient, loadKubeconfig } from '../../automation/providers/kubernetes/index.ts';
import { until } from '../support/wait.ts';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0).reverse()) await release();
});

async function connect(listener: RequestListener): Promise<KubernetesClient> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const config = {
    'current-context': 'here',
    clusters: [
      { name: 'c', cluster: { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` } },
    ],
    users: [{ name: 'u', user: { token: 'fixed' } }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
  };
  const client = new KubernetesClient(loadKubeconfig(JSON.stringify(config)), {}, () => {});
  releases.push(() => client.close());
  return client;
}

/** Plays an API server of lists and watches: each watch does the next thing of the script, the last one stays open. */
async function follow(script: readonly ((response: ServerResponse) => void)[]) {
  const asked: string[] = [];
  let lists = 0;
  let watches = 0;
  const client = await connect((request, response) => {
    const query = new URL(request.url ?? '', 'http://x').searchParams;
    if (query.has('watch')) {
      asked.push(`watch from ${query.get('resourceVersion')}`);
      response.flushHeaders();
      script[watches++]?.(response);
      return;
    }
    asked.push('list');
    lists += 1;
    response.end(
      JSON.stringify({
        metadata: { resourceVersion: String(lists * 100) },
        items: [object(`of-list-${lists}`)],
      }),
    );
  });
  const heard: string[] = [];
  const ended = new AbortController();
  const following = followList(
    client,
    {
      path: '/api/v1/pods',
      labelSelector: 'tenantry.dev/tenant',
      onList: (objects) => heard.push(`list of ${objects.map(nameOf)}`),
      onChange: (one) => heard.push(`change of ${nameOf(one)}`),
      onDelete: (one) => heard.push(`end of ${nameOf(one)}`),
      onLost: () => heard.push('lost'),
    },
    ended.signal,
  );
  releases.push(() => {
    ended.abort();
    return following;
  });
  return { asked, heard };
}

const object = (name: string, resourceVersion = '1') => ({ metadata: { name, resourceVersion } });
const nameOf = (one: object) => (one as ReturnType<typeof object>).metadata.name;
const say = (type: string, one: object) => (response: ServerResponse) =>
  void response.write(`${JSON.stringify({ type, object: one })}\n`);
const stays = () => {};

test('events are told in order, in whatever pieces they arrive', async () => {
  const text = [
    { type: 'ADDED', object: object('ä', '101') },
    { type: 'BOOKMARK', object: object('', '102') },
    { type: 'DELETED', object: object('ä', '103') },
  ]
    .map((event) => JSON.stringify(event))
    .join('\n');
  const bytes = Buffer.from(`${text}\n`);
  const { heard } = await follow([
    async (response) => {
      for (const byte of bytes) {
        response.write(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  ]);
  await until(() => heard.length === 3);
  expect(heard).toEqual(['list of of-list-1', 'change of ä', 'end of ä']);
});

test('a watch that the server ends goes on where it ended, without another list', async () => {
  const { asked, heard } = await follow([
    (response) => {
      say('BOOKMARK', object('', '170'))(response);
      response.end();
    },
    stays,
  ]);
  await until(() => asked.length === 3);
  expect(asked).toEqual(['list', 'watch from 100', 'watch from 170']);
  expect(heard).toEqual(['list of of-list-1']);
});

test.each<[string, (response: ServerResponse) => void]>([
  ['a connection that breaks', (response) => response.socket?.destroy()],
  [
    'a version that the server no longer knows (410)',
    (response) => {
      say('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old', metadata: {} })(
        response,
      );
      response.end();
    },
  ],
  ['an answer that makes no sense', (response) => void response.write('<html>\n')],
])('%s leads to another list', async (_what, breaks) => {
  const { asked, heard } = await follow([breaks, stays]);
  await until(() => asked.length === 4);
  expect(asked).toEqual(['list', 'watch from 100', 'list', 'watch from 200']);
  expect(heard).toEqual(['list of of-list-1', 'lost', 'list of of-list-2']);
});
