import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, expect, inject, test, vi } from 'vitest';
import { standingStacks } from '../../automation/stacks/standing-stacks.ts';

afterEach(() => vi.unstubAllEnvs());

test('in a folder every state is found, and nothing of what the engine keeps beside it', async () => {
  const root = await mkdtemp(join(inject('runDir'), 'stacks-'));
  const folder = join(root, '.pulumi/stacks/tenantry');
  await mkdir(folder, { recursive: true });
  for (const file of [
    'a1234567.json',
    'b1234567.json.gz',
    'a1234567.json.bak',
    'c1234567.json.attrs',
    'odd.json',
  ])
    await writeFile(join(folder, file), '');
  expect(await standingStacks(pathToFileURL(root).href)).toEqual(new Set(['a1234567', 'b1234567']));
});

test('a folder that no engine has written to has none', async () => {
  expect(await standingStacks(pathToFileURL(join(inject('runDir'), 'nowhere')).href)).toEqual(new Set());
});

test('in a bucket all pages are read, under its prefix', async () => {
  const asked: URL[] = [];
  const folder = 'cell/.pulumi/stacks/tenantry/';
  const page = (keys: string[], next?: string) => `<?xml version="1.0"?><ListBucketResult>
    <IsTruncated>${next !== undefined}</IsTruncated>${next ? `<NextContinuationToken>${next}</NextContinuationToken>` : ''}
    ${keys.map((key) => `<Contents><Key>${folder}${key}</Key></Contents>`).join('')}</ListBucketResult>`;
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://s3.test');
    asked.push(url);
    const second = url.searchParams.get('continuation-token') === 'more';
    response.setHeader('content-type', 'application/xml');
    response.end(second ? page(['b1234567.json']) : page(['a1234567.json', 'a1234567.json.bak'], 'more'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    expect(await standingStacks('s3://states/cell?region=eu-west-1')).toEqual(
      new Set(['a1234567', 'b1234567']),
    );
    expect(
      asked.map(({ pathname, searchParams }) => [pathname.replace(/\/$/, ''), searchParams.get('prefix')]),
    ).toEqual([
      ['/states', folder],
      ['/states', folder],
    ]);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

test('a backend that cannot be listed is refused by name', async () => {
  await expect(standingStacks('gs://bucket')).rejects.toThrow(/gs:\/\/ cannot be listed/);
});
