import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { S3Client } from '@aws-sdk/client-s3';
import { afterEach, describe, expect, test } from 'vitest';
import { shippedCode } from '../../infra/functions.ts';
import { type AgingSettings, agedTags, ageRecordings, isDue } from '../../infra/storage/age-recordings.ts';

const settings: AgingSettings = {
  bucket: 'recordings',
  standardDays: 7,
  retentionTag: 'retention-days',
  agedTag: 'aged',
};
const now = new Date('2026-11-21T01:30:00Z');
const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 3600 * 1000);

describe('a recording', () => {
  test.each([
    { days: 6.9, storageClass: 'STANDARD', due: false },
    { days: 7, storageClass: 'STANDARD', due: true },
    { days: 40, storageClass: 'STANDARD', due: true },
    { days: 40, storageClass: 'STANDARD_IA', due: false },
    { days: 100, storageClass: 'GLACIER', due: false },
  ])('of $days days in $storageClass is due: $due', ({ days, storageClass, due }) => {
    expect(isDue({ storageClass, writtenAt: daysAgo(days) }, 7, now)).toBe(due);
  });

  test.each([
    { what: 'kept 30 days', tags: [{ Key: 'retention-days', Value: '30' }], aged: true },
    {
      what: 'that ends with its days in Standard',
      tags: [{ Key: 'retention-days', Value: '7' }],
      aged: false,
    },
    { what: 'without a retention', tags: [{ Key: 'tenant', Value: 'a' }], aged: false },
    {
      what: 'with a retention that is no number',
      tags: [{ Key: 'retention-days', Value: 'x' }],
      aged: false,
    },
  ])('$what is written anew: $aged', ({ tags, aged }) => {
    expect(agedTags(tags, settings)).toEqual(aged ? [...tags, { Key: 'aged', Value: 'true' }] : null);
  });
});

interface Stored {
  readonly key: string;
  readonly days: number;
  readonly sizeBytes?: number;
  readonly storageClass?: string;
  readonly retention?: string;
}

/** The part of S3 that the function uses, over HTTP as S3 speaks it. */
async function startS3(
  objects: readonly Stored[],
  refuse: (request: IncomingMessage) => string | null = () => null,
) {
  const copies: { key: string; headers: IncomingMessage['headers']; query: string }[] = [];
  const server: Server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://s3');
    const key = decodeURIComponent(url.pathname.slice('/recordings/'.length));
    request.resume();
    response.setHeader('content-type', 'application/xml');
    const problem = refuse(request);
    if (problem !== null) {
      response.statusCode = problem === 'PreconditionFailed' ? 412 : 403;
      response.end(`<Error><Code>${problem}</Code><Message>no</Message></Error>`);
    } else if (url.searchParams.get('list-type') === '2') {
      // Two objects a page, so that there is more than one.
      const start = Number(url.searchParams.get('continuation-token') ?? 0);
      const next =
        start + 2 < objects.length ? `<NextContinuationToken>${start + 2}</NextContinuationToken>` : '';
      const contents = objects
        .slice(start, start + 2)
        .map(
          (each) =>
            `<Contents><Key>${each.key}</Key><Size>${each.sizeBytes ?? 10}</Size><ETag>"e-${each.key}"</ETag>` +
            `<StorageClass>${each.storageClass ?? 'STANDARD'}</StorageClass>` +
            `<LastModified>${daysAgo(each.days).toISOString()}</LastModified></Contents>`,
        );
      response.end(`<ListBucketResult>${contents.join('')}${next}</ListBucketResult>`);
    } else if (request.method === 'GET' && url.searchParams.has('tagging')) {
      const retention = objects.find((each) => each.key === key)?.retention ?? '30';
      response.end(
        `<Tagging><TagSet><Tag><Key>retention-days</Key><Value>${retention}</Value></Tag></TagSet></Tagging>`,
      );
    } else if (request.method === 'HEAD') {
      response.setHeader('content-type', 'video/webm');
      response.setHeader('x-amz-meta-session', 's-1');
      response.end();
    } else {
      copies.push({ key, headers: request.headers, query: url.search });
      if (url.searchParams.has('uploads'))
        response.end(
          '<InitiateMultipartUploadResult><UploadId>u-1</UploadId></InitiateMultipartUploadResult>',
        );
      else if (url.searchParams.has('partNumber'))
        response.end('<CopyPartResult><ETag>"p"</ETag></CopyPartResult>');
      else if (request.method === 'POST') response.end('<CompleteMultipartUploadResult/>');
      else response.end('<CopyObjectResult><ETag>"n"</ETag></CopyObjectResult>');
    }
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  const client = new S3Client({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  stop = async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { client, copies };
}

let stop: () => Promise<void> = async () => {};
afterEach(() => stop());

const anyTime = { now, hasTime: () => true };

describe('the daily run', () => {
  test('writes what is due anew, in infrequent access, with its tags and the mark', async () => {
    const { client, copies } = await startS3([
      { key: 'tenant-a/1.webm', days: 8 },
      { key: 'tenant-a/2.webm', days: 2 },
      { key: 'tenant-b/ä b.webm', days: 9, retention: '365' },
      { key: 'tenant-c/3.webm', days: 9, retention: '7' },
      { key: 'tenant-d/4.webm', days: 20, storageClass: 'STANDARD_IA' },
    ]);
    expect(await ageRecordings(client, settings, anyTime)).toEqual({
      looked: 5,
      aged: 2,
      failed: [],
      complete: true,
    });
    expect(copies.map(({ key }) => key).sort()).toEqual(['tenant-a/1.webm', 'tenant-b/ä b.webm']);
    const copy = copies.find(({ key }) => key === 'tenant-b/ä b.webm');
    expect(copy?.headers).toMatchObject({
      'x-amz-copy-source': 'recordings/tenant-b/%C3%A4%20b.webm',
      'x-amz-copy-source-if-match': '"e-tenant-b/ä b.webm"',
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-metadata-directive': 'COPY',
      'x-amz-tagging-directive': 'REPLACE',
      'x-amz-tagging': 'retention-days=365&aged=true',
    });
  });

  test('copies a recording of more than 5 GiB in parts, with what was known of it', async () => {
    const { client, copies } = await startS3([{ key: 'long.webm', days: 8, sizeBytes: 5.5 * 1024 ** 3 }]);
    expect(await ageRecordings(client, settings, anyTime)).toMatchObject({ aged: 1, failed: [] });
    expect(copies[0]?.headers).toMatchObject({
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'retention-days=30&aged=true',
      'content-type': 'video/webm',
      'x-amz-meta-session': 's-1',
    });
    const ranges = copies.flatMap(({ headers }) => headers['x-amz-copy-source-range'] ?? []);
    expect(ranges).toHaveLength(6);
    expect(ranges[0]).toBe('bytes=0-1073741823');
    expect(ranges[5]).toBe('bytes=5368709120-5905580031');
  });

  test('says what it could not write, and goes on with the rest', async () => {
    const { client } = await startS3(
      [
        { key: 'bad.webm', days: 8 },
        { key: 'good.webm', days: 8 },
      ],
      ({ method, url }) => (method === 'PUT' && url?.includes('bad') ? 'AccessDenied' : null),
    );
    const report = await ageRecordings(client, settings, anyTime);
    expect(report.aged).toBe(1);
    expect(report.failed).toEqual([expect.stringMatching(/^bad\.webm: AccessDenied/)]);
  });

  test('takes a recording that was written in between for somebody else’s', async () => {
    const { client } = await startS3([{ key: 'new.webm', days: 8 }], ({ method }) =>
      method === 'PUT' ? 'PreconditionFailed' : null,
    );
    expect(await ageRecordings(client, settings, anyTime)).toMatchObject({ aged: 0, failed: [] });
  });

  test('leaves for tomorrow what it has no time for', async () => {
    const { client, copies } = await startS3([{ key: 'late.webm', days: 8 }]);
    expect(await ageRecordings(client, settings, { now, hasTime: () => false })).toMatchObject({
      aged: 0,
      complete: false,
    });
    expect(copies).toEqual([]);
  });

  test('is shipped as code that needs nothing but what Lambda brings', async () => {
    const source = shippedCode(new URL('../../infra/storage/age-recordings.ts', import.meta.url));
    const imported = [...source.matchAll(/from '([^']+)'/g)].map(([, name]) => name);
    expect(imported).toEqual(['@aws-sdk/client-s3']);
  });
});
