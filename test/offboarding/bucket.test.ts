import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openFileStore } from '../../automation/offboarding/file-store.ts';
import { lookInBuckets } from '../../automation/offboarding/look/buckets.ts';
import { lookInState } from '../../automation/offboarding/look/state.ts';
import { type BucketServer, startBucketServer } from '../support/bucket.ts';

let server: BucketServer;
beforeAll(async () => {
  server = await startBucketServer();
});
beforeEach(() => {
  vi.stubEnv('AWS_ENDPOINT_URL_S3', server.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  server.objects.clear();
});
afterEach(() => vi.unstubAllEnvs());
afterAll(() => server?.stop());

const tenant = { id: 'a1234567', namespace: 'tenant-acme' };

test.each([
  ['small', 1000],
  ['of several parts', 11 * 1024 * 1024],
])('a bucket keeps a file that is %s, and gives it back, lists and removes it', async (_what, bytes) => {
  const content = randomBytes(bytes);
  const files = await openFileStore('s3://backups/exports?region=eu-west-1');
  await files.write(
    'a1234567/export-1-1.jsonl.gz',
    Readable.from([content.subarray(0, 400), content.subarray(400)]),
  );
  for (const other of ['2-1', '3-1', '4-1', '5-1'])
    await files.write(`b/export-${other}`, Readable.from(['x']));
  expect([...server.objects.keys()][0]).toBe('backups/exports/a1234567/export-1-1.jsonl.gz');
  expect(files.urlOf('b/x')).toBe('s3://backups/exports/b/x');
  const read = await files.read('a1234567/export-1-1.jsonl.gz');
  expect(read && (await buffer(read)).equals(content)).toBe(true);
  expect(await files.list('b/export-')).toHaveLength(4);
  await files.remove('a1234567/export-1-1.jsonl.gz');
  expect(await files.read('a1234567/export-1-1.jsonl.gz')).toBeNull();
  files.close();
});

test('what the engine leaves of a stack in a bucket is removed; of others nothing is, and a state that stands is told', async () => {
  const left = [
    '.pulumi/history/tenantry/a1234567/a1234567-1.history.json',
    '.pulumi/backups/tenantry/a1234567/x.json',
    '.pulumi/stacks/tenantry/a1234567.json.bak',
  ];
  const others = ['.pulumi/stacks/tenantry/b1234567.json', '.pulumi/history/tenantry/b1234567/x.json'];
  for (const key of [...left, ...others]) server.objects.set(`states/cell/${key}`, Buffer.from('{}'));
  const url = 's3://states/cell?region=eu-west-1';
  const state = 'states/cell/.pulumi/stacks/tenantry/a1234567.json';
  server.objects.set(state, Buffer.from('{}'));
  expect((await lookInState(url, tenant)).remains).toHaveLength(4);
  server.objects.delete(state);
  expect(await lookInState(url, tenant)).toMatchObject({
    remains: [],
    places: 4,
    notes: [expect.stringMatching(/older versions/)],
  });
  expect([...server.objects.keys()].sort()).toEqual(others.map((key) => `states/cell/${key}`).sort());
});

test('objects of a tenant are found under its place, by name; another tenant’s are not its own', async () => {
  server.objects.set('recordings/tenants/a1234567/one.webm', Buffer.from('x'));
  server.objects.set('recordings/tenants/b1234567/two.webm', Buffer.from('x'));
  const places = [
    's3://recordings/tenants/{tenant}/?region=eu-west-1',
    's3://assets/{namespace}/?region=eu-west-1',
  ];
  expect(await lookInBuckets(places, tenant)).toMatchObject({
    places: 2,
    remains: ['s3://recordings/tenants/a1234567/one.webm'],
    looked: ['objects under s3://recordings/tenants/a1234567/', 'objects under s3://assets/tenant-acme/'],
  });
  expect(await lookInBuckets([], tenant)).toMatchObject({ places: 0, notes: [expect.any(String)] });
});

test('of a backend that cannot be listed it is said that nobody looked', async () => {
  expect(await lookInState('gs://states', tenant)).toMatchObject({
    places: 0,
    notes: [expect.stringMatching(/gs:/)],
  });
});
