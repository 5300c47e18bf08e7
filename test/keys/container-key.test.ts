import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { convergeTenant } from '../../automation/jobs/converge-tenant.ts';
import { createKeyRing } from '../../automation/keys/index.ts';
import type { Database } from '../../automation/store/database.ts';
import { apiKeyDigest, apiKeyOf } from '../../tenants/pod-contract.ts';
import type { TenantOutputs } from '../../tenants/spec.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';
import { playedRunners } from '../support/played-runners.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 4 });
  database = control.database;
});
afterAll(() => control?.drop());

/** Converges a new tenant whose program drew a key with this random part; the test plays the engine. */
async function converged(random: string | null, id?: string): Promise<string> {
  const tenant = await addTenant(database, {
    ...(id !== undefined && { id }),
    set: { stack_settings: { encryptedkey: 'none' } },
  });
  const outputs: TenantOutputs = {
    namespace: 'x',
    serviceUrl: null,
    database: null,
    objects: [],
    ...(random !== null && {
      apiKey: { id: apiKeyOf(tenant.id, random).id, sha256: apiKeyDigest(random) },
    }),
  };
  await convergeTenant(
    {
      ...jobContext({ database, stripe: null as never }),
      fingerprints: { read: async () => ({}), remains: async () => [] },
      runners: playedRunners(async () => ({
        outcome: 'succeeded',
        outputs,
        changes: {},
        applied: {},
        durationMs: 1,
      })),
    },
    tenant.id,
  );
  return tenant.id;
}

const random = createHash('sha256').update('container').digest('hex').slice(0, 43);
const verify = async (text: string) => {
  const ring = createKeyRing(database, jobContext({ database, stripe: null as never }).log);
  try {
    return await ring.verify(text);
  } finally {
    await ring.close();
  }
};

test('the key that a container finds in its Secret is its tenant’s, for uses of that tenant alone', async () => {
  const id = await converged(random);
  const { text } = apiKeyOf(id, random);
  expect(await verify(text)).toMatchObject({
    valid: true,
    key: {
      owner: { kind: 'tenant', tenantId: id },
      scopes: ['checks:write', 'entitlements:read', 'usage:write'],
      expiresAt: null,
    },
  });
  expect(await verify(apiKeyOf(id, random.replace(/^./, '~')).text)).toMatchObject({ valid: false });
});

test('a tenant whose container does not read it has no key, and the end of a tenant ends its key', async () => {
  const id = await converged(null);
  const { rows } = await database.query('select id from tenantry.api_key where tenant_id = $1', [id]);
  expect(rows).toEqual([]);

  const other = await converged(random);
  await database.query(`update tenantry.tenant set desired_state = 'deleted' where id = $1`, [other]);
  expect(await verify(apiKeyOf(other, random).text)).toMatchObject({ valid: false });
});
