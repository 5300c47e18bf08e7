/** Which tenants have a state in the engine's self-managed backend: the one question about all tenants at once. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tenantProject } from './tenant-project.ts';

const stacksFolder = `.pulumi/stacks/${tenantProject}/`;

/**
 * Ids of the tenants whose stacks have a state.
 * @param backendUrl `file://…`, or `s3://bucket/prefix?region=…`
 * @throws Error for any other backend
 */
export async function standingStacks(backendUrl: string): Promise<Set<string>> {
  const url = new URL(backendUrl);
  switch (url.protocol) {
    case 'file:':
      return new Set((await filesOf(fileURLToPath(backendUrl))).flatMap(stackOf));
    case 's3:':
      return new Set((await keysOf(url)).flatMap(stackOf));
    default:
      throw new Error(`the stacks of ${url.protocol}// cannot be listed; file:// and s3:// can`);
  }
}

/** False for a backend that `standingStacks` cannot list. */
export function canListStacks(backendUrl: string): boolean {
  return ['file:', 's3:'].includes(new URL(backendUrl).protocol);
}

/** The tenant of a state file; ignores the copies and markers beside it. */
function stackOf(file: string): string[] {
  const name = /^([a-z][a-z0-9]{7})\.json(\.gz)?$/.exec(file)?.[1];
  return name === undefined ? [] : [name];
}

async function filesOf(root: string): Promise<string[]> {
  try {
    return await readdir(join(root, stacksFolder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

async function keysOf(url: URL): Promise<string[]> {
  // Loaded here, because states in a folder need no SDK of AWS.
  const { ListObjectsV2Command, S3Client } = await import('@aws-sdk/client-s3');
  const region = url.searchParams.get('region');
  const client = new S3Client({ ...(region !== null && { region }) });
  const folder = url.pathname.replace(/^\//, '').replace(/(?<=[^/])$/, '/');
  const prefix = `${folder === '/' ? '' : folder}${stacksFolder}`;
  try {
    const keys: string[] = [];
    let token: string | undefined;
    do {
      const page = await client.send(
        new ListObjectsV2Command({ Bucket: url.hostname, Prefix: prefix, ContinuationToken: token }),
      );
      keys.push(...(page.Contents ?? []).map(({ Key = '' }) => Key.slice(prefix.length)));
      token = page.NextContinuationToken;
    } while (token !== undefined);
    return keys;
  } finally {
    client.destroy();
  }
}
