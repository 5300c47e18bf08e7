import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeTenant } from '../../automation/followers.ts';
import type { Database } from '../../automation/store/database.ts';
import {
  LeaseLost,
  noteLeaseProcess,
  releaseLease,
  renewLease,
  takeLease,
} from '../../automation/store/leases.ts';
import {
  beginOperation,
  failOperation,
  handOver,
  noteBegun,
  noteLook,
  postpone,
  settleOperation,
  takeBack,
  wantMended,
  writeStackSettings,
} from '../../automation/store/operations.ts';
import { changeDesired, findTenant, lockReadySlot } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { unfollowed } from '../support/followers.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 20 });
  database = control.database;
});
afterAll(() => control?.drop());

const ttlMs = 60_000;
const take = (id: string, holder: string, ttl = ttlMs) =>
  takeLease(database, id, { holder, host: 'here', ttlMs: ttl });
const taken = async (id: string, holder: string) => {
  const lease = await take(id, holder);
  if (!lease) throw new Error(`${holder} did not get the lease`);
  return lease;
};
/** Lets the lease run out, as time would. */
const expire = (id: string) =>
  database.query(
    "update tenantry.lease set expires_at = clock_timestamp() - interval '1 ms' where tenant_id = $1",
    [id],
  );

describe('a lease', () => {
  test('is taken by one and refused to others while it is held', async () => {
    const { id } = await addTenant(database);
    const lease = await taken(id, 'a');
    expect(lease).toMatchObject({ tenantId: id, holder: 'a', previous: null });
    expect(await take(id, 'b')).toBeNull();
    expect(await take(id, 'a')).toBeNull();
  });

  test('is nobody’s for a tenant that does not exist', async () => {
    expect(await take('zzzzzzz1', 'a')).toBeNull();
  });

  test('is taken over after it ran out, with a higher fence and word of the holder before', async () => {
    const { id } = await addTenant(database);
    const first = await taken(id, 'a');
    await noteLeaseProcess(database, first, { host: 'here', processGroup: 4711, processStarted: '99' });
    await expire(id);
    const second = await taken(id, 'b');
    expect(second.fence).toBeGreaterThan(first.fence);
    expect(second.previous).toEqual({ host: 'here', processGroup: 4711, processStarted: '99' });
    await expire(id);
    // What b ran is not known yet: nothing of a is left in the row.
    expect((await taken(id, 'c')).previous).toEqual({
      host: 'here',
      processGroup: null,
      processStarted: null,
    });
  });

  test('is renewed by its holder and given back', async () => {
    const { id } = await addTenant(database);
    const lease = await taken(id, 'a');
    expect(await renewLease(database, lease, ttlMs)).toBe(true);
    await releaseLease(database, lease);
    expect(await renewLease(database, lease, ttlMs)).toBe(false);
    const next = await taken(id, 'b');
    expect(next.previous).toBeNull();
    expect(next.fence).toBeGreaterThan(lease.fence);
  });

  test('that ran out is not renewed, also while nobody else has it', async () => {
    const { id } = await addTenant(database);
    const lease = await taken(id, 'a');
    await expire(id);
    expect(await renewLease(database, lease, ttlMs)).toBe(false);
    expect(
      await noteLeaseProcess(database, lease, { host: 'h', processGroup: 1, processStarted: null }),
    ).toBe(false);
  });

  test('of another is neither renewed, noted nor given back by an old holder', async () => {
    const { id } = await addTenant(database);
    const old = await taken(id, 'a');
    await expire(id);
    const current = await taken(id, 'b');
    expect(await renewLease(database, old, ttlMs)).toBe(false);
    await releaseLease(database, old);
    expect(await renewLease(database, current, ttlMs)).toBe(true);
  });

  test('that fifty ask for at once goes to exactly one, when it is free and when it has run out', async () => {
    const { id } = await addTenant(database);
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, (_, n) => take(id, `w${n}`)));
      expect(answers.filter((lease) => lease !== null)).toHaveLength(1);
      if (round % 2) await expire(id);
      else {
        const holder = answers.find((lease) => lease !== null);
        if (holder) await releaseLease(database, holder);
      }
    }
  });
});

describe('a write of a holder whose lease', () => {
  const writes = (id: string) =>
    Object.entries({
      beginOperation: async (client: Database, lease: Awaited<ReturnType<typeof taken>>) => {
        const tenant = await findTenant(database, id);
        if (!tenant) throw new Error('no tenant');
        await beginOperation(client, lease, { phase: 'updating', unsettled: true, spec: tenant.desiredSpec });
      },
      noteBegun: async (client: Database, lease: Awaited<ReturnType<typeof taken>>) => {
        const tenant = await findTenant(database, id);
        if (!tenant) throw new Error('no tenant');
        await noteBegun(client, lease, tenant.desiredSpec);
      },
      settleOperation: async (client: Database, lease: Awaited<ReturnType<typeof taken>>) => {
        const tenant = await findTenant(database, id);
        if (!tenant) throw new Error('no tenant');
        await changeTenant(client, unfollowed, tenant, (db) =>
          settleOperation(db, lease, {
            phase: 'active',
            state: 'active',
            spec: tenant.desiredSpec,
            generation: 99,
            outputs: null,
            applied: null,
          }),
        );
      },
      failOperation: (client: Database, lease: Awaited<ReturnType<typeof taken>>) =>
        failOperation(client, lease, {
          generation: 1,
          phase: 'failed',
          reasonCode: 'x',
          reasonMessage: 'x',
          cause: 'x',
          permanent: true,
          nextTryAt: null,
          unsettled: true,
        }),
      handOver: (client: Database, lease: Awaited<ReturnType<typeof taken>>) =>
        handOver(client, lease, new Date()),
      takeBack: (client: Database, lease: Awaited<ReturnType<typeof taken>>) => takeBack(client, lease),
      postpone: (client: Database, lease: Awaited<ReturnType<typeof taken>>) =>
        postpone(client, lease, { reasonCode: 'x', reasonMessage: 'x', nextTryAt: new Date() }),
      noteLook: (client: Database, lease: Awaited<ReturnType<typeof taken>>) =>
        noteLook(client, lease, { x: 'x' }),
      wantMended: (client: Database, lease: Awaited<ReturnType<typeof taken>>) => wantMended(client, lease),
      writeStackSettings: (client: Database, lease: Awaited<ReturnType<typeof taken>>) =>
        writeStackSettings(client, lease, { x: 'y' }),
    });

  test.each(['ran out', 'went to another', 'was given back'])(
    '%s throws and changes nothing',
    async (how) => {
      const { id } = await addTenant(database);
      const lease = await taken(id, 'a');
      if (how === 'was given back') await releaseLease(database, lease);
      else await expire(id);
      if (how === 'went to another') await taken(id, 'b');
      const before = await findTenant(database, id);
      for (const [name, write] of writes(id)) {
        const attempt = database.transaction((client) => write(client as Database, lease));
        await expect(attempt, name).rejects.toBeInstanceOf(LeaseLost);
      }
      expect(await findTenant(database, id)).toEqual(before);
    },
  );

  test('stands is made, and the lease cannot be taken over before its commit', async () => {
    const { id, desiredSpec: spec } = await addTenant(database);
    const lease = await taken(id, 'a');
    let takeover: Promise<unknown> | undefined;
    await database.transaction(async (client) => {
      await beginOperation(client, lease, { phase: 'provisioning', unsettled: true, spec });
      // Both wait for the row that the write holds.
      takeover = expire(id).then(() => take(id, 'b'));
      const { rows } = await client.query('select fence from tenantry.lease where tenant_id = $1', [id]);
      expect(rows).toEqual([{ fence: lease.fence }]);
    });
    expect(await takeover).toMatchObject({ holder: 'b' });
    expect(await findTenant(database, id)).toMatchObject({
      phase: 'provisioning',
      unsettled: true,
      begunSpec: spec,
    });
  });
});

test('an operation that fails for good says nothing of what has become wanted meanwhile', async () => {
  const { id, desiredGeneration, desiredSpec: spec } = await addTenant(database);
  const lease = await taken(id, 'a');
  const fails = (generation: number) =>
    database.transaction((client) =>
      failOperation(client, lease, {
        generation,
        phase: 'failed',
        reasonCode: 'x',
        reasonMessage: 'x',
        cause: 'x',
        permanent: true,
        nextTryAt: null,
        unsettled: false,
      }),
    );
  await fails(desiredGeneration);
  expect(await findTenant(database, id)).toMatchObject({ permanent: true, attempts: 1 });
  const deleted = { state: 'deleted', spec, suspendReason: null, deleteAfter: null } as const;
  await database.transaction(async (client) =>
    changeTenant(client, unfollowed, await findTenant(client, id), (db) => changeDesired(db, id, deleted)),
  );
  await fails(desiredGeneration);
  expect(await findTenant(database, id)).toMatchObject({ permanent: false, attempts: 0, nextTryAt: null });
});

test('a slot at which nobody looks is handed out before one at which somebody does', async () => {
  const slots: { id: string }[] = [];
  for (const index of [0, 1]) {
    slots[index] = await addTenant(database, {
      product: 'browsers',
      plan: 'starter',
      owner: null,
      slot: true,
      set: activeColumns('x'),
    });
  }
  const [older, younger] = slots.map(({ id }) => id);
  const ready = () => lockReadySlot(database, { product: 'browsers', cell: 'local' });
  expect(await ready()).toMatchObject({ id: older });
  const lease = await taken(older ?? '', 'a');
  expect(await ready()).toMatchObject({ id: younger });
  await taken(younger ?? '', 'b');
  expect(await ready()).toMatchObject({ id: older });
  await releaseLease(database, lease);
});
