/** Files in an S3 bucket. */
import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  NotFound,
  S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { FileStore } from './file-store.ts';

/** @param url `s3://bucket/prefix?region=…` */
export function bucketStore(url: URL): FileStore {
  const { client, bucket: Bucket, prefix } = openBucket(url);
  const keyOf = (name: string) => `${prefix}${name}`;
  return {
    urlOf: (name) => `s3://${Bucket}/${keyOf(name)}`,
    async write(name, content) {
      // In parts, as the length is not known beforehand; the file appears with its last part.
      await new Upload({ client, params: { Bucket, Key: keyOf(name), Body: content } }).done();
    },
    async read(name) {
      try {
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: keyOf(name) }));
        return (Body as Readable | undefined) ?? null;
      } catch (error) {
        if (error instanceof NoSuchKey || error instanceof NotFound) return null;
        throw error;
      }
    },
    async remove(name) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: keyOf(name) }));
    },
    list: async (start) =>
      (await listKeys(client, Bucket, keyOf(start))).map((key) => key.slice(prefix.length)),
    close: () => client.destroy(),
  };
}

/** A bucket named by a URL: `s3://bucket/prefix?region=…`, as for Pulumi's state. */
export function openBucket(url: URL): { client: S3Client; bucket: string; prefix: string } {
  const region = url.searchParams.get('region');
  const endpoint = url.searchParams.get('endpoint');
  const path = decodeURIComponent(url.pathname).replace(/^\//, '');
  return {
    client: new S3Client({
      ...(region !== null && { region }),
      ...(endpoint !== null && { endpoint, forcePathStyle: true }),
    }),
    bucket: url.hostname,
    prefix: path === '' || path.endsWith('/') ? path : `${path}/`,
  };
}

/** Every key with this prefix. */
export async function listKeys(client: S3Client, bucket: string, prefix: string): Promise<string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const page = await client.send(
      new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }),
    );
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key])));
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return keys;
}

/** Removes objects, a thousand at once, S3's limit. */
export async function removeKeys(client: S3Client, bucket: string, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += 1000) {
    const Objects = keys.slice(from, from + 1000).map((Key) => ({ Key }));
    const { Errors = [] } = await client.send(
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
    );
    const [failed] = Errors;
    if (failed) throw new Error(`${failed.Key} could not be removed: ${failed.Message ?? failed.Code}`);
  }
}
