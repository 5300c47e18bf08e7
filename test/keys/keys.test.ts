import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changeTenant } from '../../automation/followers.ts';
import {
  createKey,
  createKeyRing,
  type KeyOwner,
  keysFollower,
  keysWork,
  listKeys,
  maxKeys,
  revokeKey,
} from '../../automation/keys/index.ts';
import { listAudit } from '../../automation/store/audit.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { changeDesired, findTenant } from '../../automation/store/tenants.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { unfollowed } from '../support/followers.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let control: ControlDatabase;
beforeAll(async () => {
  control = await controlDatabase();
});
afterAll(() => control?.drop());

const log = pino({ level: 'silent' });
const person: KeyOwner = { kind: 'person', subject: 'ada' };
const make = (more: { owner?: KeyOwner; expiresAt?: Date } = {}) =>
  createKey(control.database, {
    name: 'a key',
    owner: person,
    scopes: ['tenants:read'],
    expiresAt: null,
    createdBy: 'ada',
    ...more,
  });

/** A ring whose clock stands where it is put, and the queries that it makes. */
function ring() {
  let now = Date.now();
  const queries: string[] = [];
  const counting = {
    query: (text: string, values: unknown[]) => {
      queries.push(text);
      return control.database.query(text, values);
    },
  } as unknown as typeof control.database;
  return {
    queries,
    pass: (ms: number) => {
      now += ms;
    },
    ...createKeyRing(counting, log, { now: () => now, noteUseEveryMs: 20 }),
  };
}

describe('an API key', () => {
  test('is verified with its owner and scopes, and only as it was shown', async () => {
    const { key, text } = await make();
    expect(text).toMatch(/^tk_[a-z0-9]{12}_[\w-]{43}$/);
    const keys = ring();
    expect(await keys.verify(text)).toEqual({ valid: true, key });
    const [, , ...secret] = text.split('_');
    const other = (await make()).text;
    for (const wrong of [
      text.slice(0, -1),
      `${text}x`,
      `${text.slice(0, -2)}${text.endsWith('AA') ? 'BB' : 'AA'}`,
      text.toUpperCase(),
      `tk_aaaaaaaaaaaa_${secret.join('_')}`,
      `${text.slice(0, 16)}${other.slice(16)}`,
      'tk_',
      '',
      `tk_${'\0'.repeat(12)}_${secret.join('_')}`,
    ])
      expect([wrong, await keys.verify(wrong)]).toEqual([wrong, { valid: false, why: 'unknown' }]);
    await keys.close();
  });

  test('cannot be read from the database, nor from the audit trail', async () => {
    const { key, text } = await make();
    const secret = text.slice(16);
    const { rows } = await control.database.query(
      `select k::text as row from tenantry.api_key k where id = $1
       union all select a::text from tenantry.audit a where data->>'id' = $1`,
      [key.id],
    );
    expect(rows.length).toBe(2);
    const hex = Buffer.from(secret).toString('hex');
    for (const { row } of rows as { row: string }[]) {
      expect(row).not.toContain(secret);
      expect(row).not.toContain(hex);
    }
  });

  test('costs one query, and none again for five seconds', async () => {
    const { text } = await make();
    const keys = ring();
    await Promise.all([keys.verify(text), keys.verify(text)]);
    keys.pass(4_999);
    await keys.verify(text);
    const reads = () => keys.queries.filter((query) => query.startsWith('select')).length;
    expect(reads()).toBe(1);
    keys.pass(2);
    await keys.verify(text);
    expect(reads()).toBe(2);
    await keys.close();
  });

  test('is taken no more once it is revoked, at once where it was and after five seconds elsewhere', async () => {
    const { key, text } = await make();
    const [here, elsewhere] = [ring(), ring()];
    await here.verify(text);
    await elsewhere.verify(text);
    expect(await revokeKey(control.database, unfollowed, key, { by: 'ada' })).toBe(true);
    expect(await revokeKey(control.database, unfollowed, key, { by: 'ada' })).toBe(false);
    here.forget(key.id);
    elsewhere.pass(5_001);
    for (const keys of [here, elsewhere]) {
      expect(await keys.verify(text)).toEqual({ valid: false, why: 'unknown' });
      await keys.close();
    }
  });

  test('expires to the millisecond, also while it is remembered', async () => {
    const { text } = await make({ expiresAt: new Date(Date.now() + 2_000) });
    const keys = ring();
    expect(await keys.verify(text)).toMatchObject({ valid: true });
    keys.pass(2_001);
    expect(await keys.verify(text)).toEqual({ valid: false, why: 'expired' });
    await keys.close();
  });

  test('is verified again as soon as a database that was away is back', async () => {
    const { text } = await make();
    let away = true;
    const database = {
      query: (query: string, values: unknown[]) =>
        away ? Promise.reject(new Error('away')) : control.database.query(query, values),
    } as unknown as typeof control.database;
    const keys = createKeyRing(database, log);
    await expect(keys.verify(text)).rejects.toThrow('away');
    away = false;
    expect(await keys.verify(text)).toMatchObject({ valid: true });
    await keys.close();
  });

  test('notes its last use together with others, not at every request', async () => {
    const made = await Promise.all([make(), make()]);
    const keys = ring();
    for (let n = 0; n < 50; n += 1) for (const { text } of made) await keys.verify(text);
    const lastUse = async () => {
      const { rows } = await control.database.query<{ at: Date | null }>(
        'select last_used_at as at from tenantry.api_key where id = any($1)',
        [made.map(({ key }) => key.id)],
      );
      return rows.map(({ at }) => at);
    };
    await until(async () => (await lastUse()).every((at) => at !== null));
    await keys.close();
    const writes = keys.queries.filter((query) => query.startsWith('update'));
    expect(writes.length).toBeLessThan(20);
  });

  test('writes a use that was not noted yet when its process ends', async () => {
    const { key, text } = await make();
    const keys = createKeyRing(control.database, log);
    await keys.verify(text);
    await keys.close();
    const { rows } = await control.database.query(
      'select from tenantry.api_key where id = $1 and last_used_at is not null',
      [key.id],
    );
    expect(rows.length).toBe(1);
  });
});

describe('a tenant’s key', () => {
  test('stands in its timeline, is not taken once its tenant is to be deleted, and goes with it, in the same transaction', async () => {
    const tenant = await addTenant(control.database, { owner: 'ada' });
    const { text } = await make({ owner: { kind: 'tenant', tenantId: tenant.id } });
    const keys = ring();
    expect(await keys.verify(text)).toMatchObject({
      key: { owner: { kind: 'tenant', tenantId: tenant.id } },
    });
    const entries = await listAudit(control.database, tenant.id, { audience: 'tenant' });
    expect(entries.map(({ kind }) => kind)).toContain('key.created');

    const following = { followers: [keysFollower], now: () => new Date() };
    const ending = await control.database.transaction((client) =>
      changeTenant(client, following, tenant, async (followed) => {
        const { desiredSpec: spec } = tenant;
        await changeDesired(followed, tenant.id, {
          state: 'deleted',
          spec,
          suspendReason: null,
          deleteAfter: null,
        });
        return findTenant(followed, tenant.id);
      }),
    );
    keys.pass(5_001);
    expect(await keys.verify(text)).toMatchObject({ valid: false });
    await keys.close();

    await control.database.transaction((client) =>
      changeTenant(client, following, ending, async (followed) => {
        await followed.query(
          `update tenantry.tenant set observed_state = 'deleted', phase = 'deleted' where id = $1`,
          [tenant.id],
        );
        return findTenant(followed, tenant.id);
      }),
    );
    const { rows } = await control.database.query('select from tenantry.api_key where tenant_id = $1', [
      tenant.id,
    ]);
    expect(rows).toEqual([]);
  });

  test('is not taken once its tenant is to be deleted, whoever left it behind', async () => {
    const tenant = await addTenant(control.database, { owner: 'ada', set: { desired_state: 'deleted' } });
    const { text } = await make({ owner: { kind: 'tenant', tenantId: tenant.id } });
    const keys = ring();
    expect(await keys.verify(text)).toEqual({ valid: false, why: 'unknown' });
    await keys.close();
  });
});

describe('an expired key', () => {
  const day = 24 * 3_600_000;
  const ago = (ms: number) => new Date(Date.now() - ms);
  const idsOf = async (subject: string) =>
    (await listKeys(control.database, { subject, customerIds: [] }, {}, firstPage(200, 'createdAt'))).map(
      ({ id }) => id,
    );

  test('is listed for 30 days, and then forgotten by the sweep', async () => {
    const owner: KeyOwner = { kind: 'person', subject: 'old' };
    const kept = [
      await make({ owner }),
      await make({ owner, expiresAt: ago(-day) }),
      await make({ owner, expiresAt: ago(29 * day) }),
    ];
    const gone = await make({ owner, expiresAt: ago(31 * day) });
    expect(await idsOf('old')).toContain(gone.key.id);
    await keysWork(control.database, () => new Date()).sweep?.shared?.forgetExpiredKeys?.();
    expect((await idsOf('old')).sort()).toEqual(kept.map(({ key }) => key.id).sort());
  });

  test('leaves no more behind than an owner may have, however many end in a day', async () => {
    const owner: KeyOwner = { kind: 'person', subject: 'hasty' };
    const live = await make({ owner });
    await control.database.query(
      `insert into tenantry.api_key (id, secret_sha256, name, owner_kind, subject, scopes, expires_at)
       select 'hasty' || lpad(n::text, 7, '0'), sha256(n::text::bytea), 'brief', 'person', 'hasty', '{tenants:read}',
         now() - n * interval '1 second'
       from generate_series(1, $1) n`,
      [maxKeys + 40],
    );
    const next = await make({ owner });
    const ids = await idsOf('hasty');
    expect(ids).toHaveLength(2 + maxKeys);
    expect(ids).toEqual(expect.arrayContaining([live.key.id, next.key.id, 'hasty0000001', 'hasty0000100']));
    expect(ids).not.toContain('hasty0000101');
  });
});
