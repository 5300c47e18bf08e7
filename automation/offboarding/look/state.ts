/** What is left of a tenant's stack in the engine's backend: its state, copies, history, backups, locks. */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tenantProject } from '../../stacks/index.ts';
import type { Tenant } from '../../store/tenants.ts';
import { notInUse, type Sight } from './sight.ts';

/** Prefixes of everything that Pulumi's self-managed backend writes about one stack. */
function placesOf(stack: string): string[] {
  return [
    `.pulumi/stacks/${tenantProject}/${stack}.`,
    `.pulumi/history/${tenantProject}/${stack}/`,
    `.pulumi/backups/${tenantProject}/${stack}/`,
    `.pulumi/locks/organization/${tenantProject}/${stack}/`,
  ];
}

/**
 * Looks for the stack of a deleted tenant. First removes what the engine never removes from a bucket (history,
 * copies), as `removeStackFiles` does in a folder.
 * @param backendUrl `file://…` or `s3://bucket/prefix?region=…`; others are reported as not examined
 */
export async function lookInState(backendUrl: string, { id }: Pick<Tenant, 'id'>): Promise<Sight> {
  const { protocol } = new URL(backendUrl);
  if (protocol === 'file:') return lookInFolder(fileURLToPath(backendUrl), id);
  if (protocol === 's3:') return lookInBucket(new URL(backendUrl), id);
  return notInUse(`the state is at ${protocol}//, which is not looked at: file:// and s3:// are`);
}

async function lookInFolder(root: string, id: string): Promise<Sight> {
  const entries = await readdir(join(root, '.pulumi'), { recursive: true, withFileTypes: true }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    },
  );
  const remains = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => file.includes(id));
  return sight(id, remains, []);
}

async function lookInBucket(url: URL, id: string): Promise<Sight> {
  const { listKeys, openBucket, removeKeys } = await import('../bucket-store.ts');
  const { client, bucket, prefix } = openBucket(url);
  const keys = async () =>
    (await Promise.all(placesOf(id).map((place) => listKeys(client, bucket, `${prefix}${place}`)))).flat();
  const isState = (key: string) => /\.json(\.gz)?$/.test(key) && key.startsWith(`${prefix}.pulumi/stacks/`);
  try {
    const left = await keys();
    // A remaining state is a stack that was not destroyed, which somebody must examine.
    if (!left.some(isState)) await removeKeys(client, bucket, left);
    return sight(id, await keys(), [
      'older versions in the bucket end by its lifecycle rules; nothing of them is a state that stands',
    ]);
  } finally {
    client.destroy();
  }
}

function sight(id: string, remains: readonly string[], notes: readonly string[]): Sight {
  return {
    looked: [`state, copies, history, backups and locks of the stack ${tenantProject}/${id}`],
    places: placesOf(id).length,
    remains: [...remains].sort(),
    notes,
  };
}
