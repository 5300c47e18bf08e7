/** Looks for a tenant's remains in products' buckets. */
import type { Tenant } from '../../store/tenants.ts';
import { notInUse, type Sight } from './sight.ts';

/** Enough names to explain why a receipt was refused. */
const named = 20;

/**
 * Looks under the tenant's prefix of each bucket.
 * @param templates such as `s3://recordings/tenants/{tenant}/?region=us-east-1`
 */
export async function lookInBuckets(
  templates: readonly string[],
  { id, namespace }: Pick<Tenant, 'id' | 'namespace'>,
): Promise<Sight> {
  if (templates.length === 0) return notInUse('no buckets with objects of tenants are configured');
  const { listKeys, openBucket } = await import('../bucket-store.ts');
  const places = templates.map((text) =>
    text.replaceAll('{tenant}', id).replaceAll('{namespace}', namespace),
  );
  const found = await Promise.all(
    places.map(async (place) => {
      const { client, bucket, prefix } = openBucket(new URL(place));
      try {
        const keys = await listKeys(client, bucket, prefix);
        const more =
          keys.length > named ? [`and ${keys.length - named} more under s3://${bucket}/${prefix}`] : [];
        return [...keys.slice(0, named).map((key) => `s3://${bucket}/${key}`), ...more];
      } finally {
        client.destroy();
      }
    }),
  );
  return {
    looked: places.map((place) => `objects under ${place.replace(/\?.*$/, '')}`),
    places: places.length,
    remains: found.flat(),
    notes: [],
  };
}
