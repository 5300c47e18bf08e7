import type { Client } from './generated/client/index.ts';

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

export interface StreamRequest {
  readonly url: string;
  readonly path: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Opens an answer to read as it arrives. */
export async function openStream(
  client: Client,
  { url, path, headers, signal }: StreamRequest,
): Promise<{ readonly body: Bytes; readonly headers: Headers }> {
  const { data: body, response } = await client.get<Record<200, Bytes>, unknown, true>({
    url,
    path: { ...path },
    headers: { ...headers },
    security: [{ scheme: 'bearer', type: 'http' }],
    parseAs: 'stream',
    ...(signal !== undefined && { signal }),
  });
  return { body, headers: response.headers };
}

/** Opens an export's file to read as it arrives. Unlike `downloadExport` it does not keep the whole file in memory. */
export async function streamExport(
  client: Client,
  path: { readonly id: string; readonly export: number },
  signal?: AbortSignal,
): Promise<Bytes> {
  const headers = { accept: 'application/gzip' };
  return (await openStream(client, { url: '/v1/tenants/{id}/exports/{export}/file', path, headers, signal }))
    .body;
}
