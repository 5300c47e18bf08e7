/** S3 in memory, as far as whole objects go: put in one or many parts, get, list by pages, delete. */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

export interface BucketServer {
  /** For `AWS_ENDPOINT_URL_S3`. */
  readonly url: string;
  /** Objects by `bucket/key`. */
  readonly objects: Map<string, Buffer>;
  stop(): Promise<void>;
}

const pageSize = 3;

export async function startBucketServer(): Promise<BucketServer> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const answer = async (request: IncomingMessage): Promise<{ status: number; body: string | Buffer }> => {
    const url = new URL(request.url ?? '/', 'http://s3.test');
    const name = decodeURIComponent(url.pathname.slice(1));
    const query = url.searchParams;
    const body = await bodyOf(request);
    const uploadId = query.get('uploadId') ?? '';
    switch (request.method) {
      case 'PUT':
        if (uploadId) uploads.get(uploadId)?.set(Number(query.get('partNumber')), body);
        else objects.set(name, body);
        return { status: 200, body: '' };
      case 'POST':
        if (query.has('uploads')) {
          const id = `upload-${uploads.size}`;
          uploads.set(id, new Map());
          return xml(
            `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
          );
        }
        if (query.has('delete')) {
          for (const [, key = ''] of body.toString().matchAll(/<Key>(.*?)<\/Key>/g))
            objects.delete(`${name.replace(/\/$/, '')}/${key}`);
          return xml('<DeleteResult></DeleteResult>');
        }
        objects.set(
          name,
          Buffer.concat([...(uploads.get(uploadId) ?? [])].sort(([a], [b]) => a - b).map(([, part]) => part)),
        );
        return xml('<CompleteMultipartUploadResult><ETag>"x"</ETag></CompleteMultipartUploadResult>');
      case 'DELETE':
        objects.delete(name);
        return { status: 204, body: '' };
      default:
        if (query.get('list-type') === '2') return xml(listing(name.replace(/\/$/, ''), query));
        return objects.has(name)
          ? { status: 200, body: objects.get(name) ?? '' }
          : { status: 404, body: '<Error><Code>NoSuchKey</Code></Error>' };
    }
  };
  const listing = (bucket: string, query: URLSearchParams): string => {
    const prefix = query.get('prefix') ?? '';
    const from = Number(query.get('continuation-token') ?? 0);
    const keys = [...objects.keys()]
      .flatMap((name) => (name.startsWith(`${bucket}/`) ? [name.slice(bucket.length + 1)] : []))
      .filter((key) => key.startsWith(prefix))
      .sort();
    const more = keys.length > from + pageSize;
    const contents = keys.slice(from, from + pageSize).map((key) => `<Contents><Key>${key}</Key></Contents>`);
    return `<ListBucketResult><IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${from + pageSize}</NextContinuationToken>` : ''}${contents.join('')}</ListBucketResult>`;
  };
  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, {
        etag: '"x"',
        ...(typeof body === 'string' && { 'content-type': 'application/xml' }),
      });
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const xml = (body: string) => ({ status: 200, body: `<?xml version="1.0"?>${body}` });

/** The SDK sends bodies in signed chunks where it does not know their hash beforehand. */
async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const raw = await buffer(request);
  if (request.headers['x-amz-decoded-content-length'] === undefined) return raw;
  const parts: Buffer[] = [];
  for (let at = 0; at < raw.length; ) {
    const end = raw.indexOf('\r\n', at);
    const size = Number.parseInt(raw.toString('latin1', at, end), 16);
    if (!(size > 0)) break;
    parts.push(raw.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}
