import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';

const releases: (() => unknown)[] = [];
afterEach(async () => {
  for (const release of releases.splice(0)) await release();
});

async function serve(listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releases.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function kubeconfig(server: string, user: object = { token: 'fixed' }): string {
  return JSON.stringify({
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'tenants' } }],
  });
}

function client(config: string, beforeWrite: () => void = () => {}): KubernetesClient {
  const made = new KubernetesClient(loadKubeconfig(config), { PATH: process.env.PATH }, beforeWrite);
  releases.push(() => made.close());
  return made;
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  releases.push(() => rm(path, { recursive: true }));
  return path;
}

describe('a request', () => {
  test.each([429, 500, 503, 504])(
    'answered with %i is sent again, each time with leave to write',
    async (code) => {
      let attempts = 0;
      let leaves = 0;
      const server = await serve((_, response) => {
        response.statusCode = ++attempts < 3 ? code : 200;
        response.end('{"kind":"Namespace"}');
      });
      const answer = await client(kubeconfig(server), () => leaves++).send({
        method: 'PATCH',
        path: '/x',
        body: {},
      });
      expect(answer).toEqual({ kind: 'Namespace' });
      expect([attempts, leaves]).toEqual([3, 3]);
    },
  );

  test('whose connection breaks is sent again', async () => {
    let attempts = 0;
    const server = await serve((request, response) => {
      if (++attempts < 3) request.socket.destroy();
      else response.end('{"ok":true}');
    });
    expect(await client(kubeconfig(server)).send({ method: 'GET', path: '/x' })).toEqual({ ok: true });
  });

  test.each([400, 403, 404, 409, 422])('answered with %i is not', async (code) => {
    let attempts = 0;
    const server = await serve((_, response) => {
      attempts++;
      response.statusCode = code;
      response.end(JSON.stringify({ reason: 'No', message: 'because' }));
    });
    await expect(client(kubeconfig(server)).send({ method: 'GET', path: '/x' })).rejects.toThrow('because');
    expect(attempts).toBe(1);
  });

  test('is not sent again once the operation is aborted', async () => {
    const abort = new AbortController();
    let attempts = 0;
    const server = await serve((_, response) => {
      attempts++;
      response.statusCode = 503;
      response.end();
      abort.abort(new Error('enough'));
    });
    const sent = client(kubeconfig(server)).send({ method: 'GET', path: '/x', signal: abort.signal });
    await expect(sent).rejects.toThrow();
    expect(attempts).toBe(1);
  });

  test('carries no text of the token into its errors', async () => {
    const server = await serve((_, response) => {
      response.statusCode = 403;
      response.end('not json');
    });
    const config = kubeconfig(server, { token: 'very-secret-token' });
    const error = await client(config)
      .send({ method: 'GET', path: '/x' })
      .catch((reason: unknown) => reason);
    expect(String(error)).toContain('HTTP 403: not json');
    expect(JSON.stringify(error) + String(error)).not.toContain('very-secret-token');
  });
});

describe('credentials', () => {
  test('come from a plugin as for EKS, run once while valid, and again after a 401', async () => {
    const directory = await folder();
    const plugin = join(directory, 'get-token');
    await writeFile(
      plugin,
      `#!/bin/sh
echo run >> ${directory}/runs
n=$(wc -l < ${directory}/runs)
echo "{\\"apiVersion\\":\\"client.authentication.k8s.io/v1beta1\\",\\"kind\\":\\"ExecCredential\\",\\"status\\":{\\"token\\":\\"$AWS_PROFILE-$1-$n\\",\\"expirationTimestamp\\":\\"2999-01-01T00:00:00Z\\"}}"
`,
    );
    await chmod(plugin, 0o755);
    const tokens: (string | undefined)[] = [];
    const server = await serve((request, response) => {
      tokens.push(request.headers.authorization);
      response.statusCode = tokens.length === 3 ? 401 : 200;
      response.end('{}');
    });
    const exec = {
      apiVersion: 'client.authentication.k8s.io/v1beta1',
      command: plugin,
      args: ['eks'],
      env: [{ name: 'AWS_PROFILE', value: 'prod' }],
    };
    const api = client(kubeconfig(server, { exec }));
    for (let index = 0; index < 3; index++) await api.send({ method: 'GET', path: '/x' });
    expect(tokens).toEqual(
      ['prod-eks-1', 'prod-eks-1', 'prod-eks-1', 'prod-eks-2'].map((token) => `Bearer ${token}`),
    );
  });

  test('that a plugin cannot give are an error that says so', async () => {
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command: 'false', args: ['--secret'] };
    const sent = client(kubeconfig('http://127.0.0.1:1', { exec })).send({ method: 'GET', path: '/x' });
    await expect(sent).rejects.toThrow(/^The credential plugin false failed: \d*$/);
  });

  test('come from a token file beside the kubeconfig', async () => {
    const directory = await folder();
    await writeFile(join(directory, 'token'), 'from-file\n');
    let seen: string | undefined;
    const server = await serve((request, response) => {
      seen = request.headers.authorization;
      response.end('{}');
    });
    const path = join(directory, 'config');
    await writeFile(path, kubeconfig(server, { tokenFile: 'token' }));
    await client(path).send({ method: 'GET', path: '/x' });
    expect(seen).toBe('Bearer from-file');
  });
});

describe('a kubeconfig', () => {
  test('gives the namespace of its context', () => {
    expect(loadKubeconfig(kubeconfig('https://c')).namespace).toBe('tenants');
    expect(loadKubeconfig(kubeconfig('https://c'), { namespace: 'other' }).namespace).toBe('other');
  });

  test('that lacks what is asked for is an error that names it', () => {
    expect(() => loadKubeconfig(kubeconfig('https://c'), { context: 'nowhere' })).toThrow(
      'The kubeconfig has no context named "nowhere"',
    );
    expect(() => loadKubeconfig('{"clusters": 1}')).toThrow('The kubeconfig is not valid');
  });
});
