import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { convergeTenant } from '../../automation/jobs/converge-tenant.ts';
import { createKey, createKeyRing, findKey, revokeKey } from '../../automation/keys/index.ts';
import { listAudit } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { findTenant } from '../../automation/store/tenants.ts';
import { extendCatalog } from '../../tenants/catalog/index.ts';
import { apiKeyDigest, apiKeyOf } from '../../tenants/pod-contract.ts';
import type { TenantOutputs } from '../../tenants/spec.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { unfollowed } from '../support/followers.ts';
import { jobContext } from '../support/job-context.ts';
import { playedRunners } from '../support/played-runners.ts';
import { readingProduct } from '../support/products.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 4 });
  database = control.database;
});
afterAll(() => control?.drop());

/**
 * Converges a tenant; the test plays the engine.
 * @param randoms the random part of the program's key in each run, null where it draws none
 * @param during called while the engine runs
 */
async function converge(
  id: string,
  randoms: readonly (string | null)[],
  during: (run: number) => Promise<void> = async () => {},
): Promise<void> {
  let runs = 0;
  const run = async () => {
    const random = randoms[Math.min(runs, randoms.length - 1)] ?? null;
    await during(runs++);
    const outputs: TenantOutputs = {
      namespace: 'x',
      serviceUrl: null,
      database: null,
      objects: [],
      ...(random !== null && { apiKey: { id: apiKeyOf(id, random).id, sha256: apiKeyDigest(random) } }),
    };
    return { outcome: 'succeeded', outputs, changes: {}, applied: {}, durationMs: 1 } as const;
  };
  await convergeTenant(
    {
      ...jobContext({ database, stripe: null as never }),
      fingerprints: {
        read: async () => ({}),
        remains: async () => [],
        isEnding: async () => false,
        takeOffFinalizers: async () => [],
        endPods: async () => [],
      },
      runners: playedRunners(run),
    },
    id,
  );
  expect(runs).toBe(randoms.length);
}

async function converged(random: string | null, product = 'workspace'): Promise<string> {
  const plan = product === 'workspace' ? 'byoc' : 'free';
  const { id } = await addTenant(database, {
    product,
    plan,
    set: { stack_settings: { encryptedkey: 'none' } },
  });
  await converge(id, [random]);
  return id;
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

describe('a container’s key that a person revokes', () => {
  const drawn = (name: string) => createHash('sha256').update(name).digest('hex').slice(0, 43);
  const revoke = async (id: string) => {
    const key = await findKey(database, null, `${id}self`);
    if (!key) throw new Error('there is no such key');
    return database.transaction((client) => revokeKey(client, unfollowed, key, { by: 'ada' }));
  };
  const isValid = async (id: string, random: string) => (await verify(apiKeyOf(id, random).text)).valid;
  const renewals = async (id: string) => (await findTenant(database, id))?.desiredSpec.apiKeyRenewals;

  beforeAll(() => extendCatalog([readingProduct('reading')]));

  test('is dead at once and for good, and its tenant is wanted with another', async () => {
    const id = await converged(drawn('first'), 'reading');
    expect(await isValid(id, drawn('first'))).toBe(true);
    expect(await revoke(id)).toBe(true);
    expect(await isValid(id, drawn('first'))).toBe(false);
    expect(await renewals(id)).toBe(1);
    expect((await findTenant(database, id))?.observedGeneration).toBe(1);

    await converge(id, [drawn('second')]);
    expect((await findTenant(database, id))?.observedGeneration).toBe(2);
    expect(await isValid(id, drawn('second'))).toBe(true);
    expect(await isValid(id, drawn('first'))).toBe(false);
    const entries = await listAudit(database, id, { audience: 'tenant', kind: 'key.revoked' });
    expect(entries).toMatchObject([{ data: { id: `${id}self`, by: 'ada' } }]);
    const { rows } = await database.query(
      `select from graphile_worker.jobs where key = 'converge-tenant:' || $1`,
      [id],
    );
    expect(rows.length).toBe(1);
  });

  test('does not come back with an operation that had begun before', async () => {
    const id = await converged(drawn('old'), 'reading');
    await database.query(
      `update tenantry.tenant set desired_generation = desired_generation + 1,
         desired_spec = jsonb_set(desired_spec, '{plan}', '"pro"') where id = $1`,
      [id],
    );
    await converge(id, [drawn('old'), drawn('new')], async (run) => {
      if (run === 0) await revoke(id);
      expect(await isValid(id, drawn('old'))).toBe(false);
    });
    expect(await isValid(id, drawn('old'))).toBe(false);
    expect(await isValid(id, drawn('new'))).toBe(true);
    expect(await renewals(id)).toBe(1);
    await revoke(id);
    expect(await renewals(id)).toBe(2);
  });

  test('leaves a tenant alone that is being deleted, as other keys of a tenant always do', async () => {
    const id = await converged(drawn('last'), 'reading');
    const { key } = await createKey(database, {
      name: 'a key',
      owner: { kind: 'tenant', tenantId: id },
      scopes: ['tenants:read'],
      expiresAt: null,
      createdBy: null,
    });
    await revokeKey(database, unfollowed, key, {});
    expect(await renewals(id)).toBeUndefined();
    await database.query(`update tenantry.tenant set desired_state = 'deleted' where id = $1`, [id]);
    await revoke(id);
    expect(await renewals(id)).toBeUndefined();
  });
});
