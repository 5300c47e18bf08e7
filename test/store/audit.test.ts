import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listAudit, listRecentAudit, record } from '../../automation/store/audit.ts';
import type { Database } from '../../automation/store/database.ts';
import { firstPage } from '../../automation/store/pages.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { addTenant } from '../support/tenant-rows.ts';

let control: ControlDatabase;
let database: Database;
beforeAll(async () => {
  control = await controlDatabase({ maxConnections: 20 });
  database = control.database;
});
afterAll(() => control?.drop());

describe('the audit trail', () => {
  test.each([
    ['update', "update tenantry.audit set message = 'forged'"],
    ['delete', 'delete from tenantry.audit'],
    ['truncate', 'truncate tenantry.audit'],
    ['update of no row', "update tenantry.audit set message = 'x' where false"],
  ])('is append-only: %s is refused', async (_name, sql) => {
    await record(database, { tenantId: 'aaaaaaa1', kind: 'k', message: 'true' });
    await expect(database.query(sql)).rejects.toThrow('append-only');
    expect((await listRecentAudit(database, 1))[0]?.message).toBe('true');
  });

  test('chooses the ids itself, whatever the insert says', async () => {
    await database.query(
      "insert into tenantry.audit (id, tenant_id, kind, message) values (-5, 'aaaaaaa1', 'k', 'sneaky')",
    );
    const { rows } = await database.query('select 1 from tenantry.audit where id = -5');
    expect(rows).toHaveLength(0);
  });

  test('keeps the order of entries of one call, and their data', async () => {
    const { id } = await addTenant(database);
    const messages = Array.from({ length: 50 }, (_, n) => `entry ${n}`);
    await record(
      database,
      ...messages.map((message, n) => ({ tenantId: id, kind: 'k', message, data: { n, text: "'; --" } })),
    );
    const listed = await listAudit(database, id, { audience: 'tenant' });
    expect(listed.map(({ message }) => message)).toEqual(messages);
    expect(listed[7]?.data).toEqual({ n: 7, text: "'; --" });
  });

  test('takes any text that an error may hold', async () => {
    const { id } = await addTenant(database);
    const cause = 'NUL \u0000, half a character \ud800, and ünïcode 🙂';
    await record(database, { tenantId: id, kind: 'k', message: cause, data: { cause } });
    const [listed] = await listAudit(database, id, { audience: 'tenant' });
    expect(listed?.message).toMatch(/^NUL .*ünïcode 🙂$/);
  });

  test('shows tenants what is for them, and what reached us before there was a tenant', async () => {
    const { id } = await addTenant(database, { subscriptionId: 'sub_1' });
    await record(
      database,
      { subscriptionId: 'sub_1', kind: 'event.received', message: 'early' },
      { tenantId: id, subscriptionId: 'sub_1', kind: 'k', message: 'late' },
      { tenantId: id, kind: 'k', message: 'internal', audience: 'operator' },
      { tenantId: 'zzzzzzz1', subscriptionId: 'sub_1', kind: 'k', message: 'of another tenant' },
      { subscriptionId: 'sub_2', kind: 'k', message: 'of another subscription' },
    );
    const told = async (audience: 'tenant' | 'operator') =>
      (await listAudit(database, id, { audience })).map(({ message }) => message);
    expect(await told('tenant')).toEqual(['early', 'late']);
    expect(await told('operator')).toEqual(['early', 'late', 'internal']);
  });

  test('pages by id', async () => {
    const { id } = await addTenant(database);
    await record(database, ...['a', 'b', 'c'].map((message) => ({ tenantId: id, kind: 'k', message })));
    const first = await listAudit(database, id, { audience: 'tenant' }, firstPage(2, 'id', 'ascending'));
    const rest = await listAudit(database, id, { audience: 'tenant', after: first[1]?.id ?? 0 });
    expect([...first, ...rest].map(({ message }) => message)).toEqual(['a', 'b', 'c']);
  });

  test('never shows an entry after one with a higher id was seen, however many write at once', async () => {
    const { id } = await addTenant(database);
    const writers = 8;
    const each = 15;
    let writing = true;
    const writes = Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        for (let n = 0; n < each; n += 1) {
          await database.transaction(async (client) => {
            // Work before the entry, of another length each time, so that begins and commits interleave.
            await client.query('select count(*) from generate_series(1, $1)', [
              ((writer * 7 + n) % 5) * 2000,
            ]);
            await record(client, { tenantId: id, kind: 'k', message: `${writer}.${n}` });
            await client.query('select count(*) from generate_series(1, $1)', [
              ((writer + n * 3) % 5) * 2000,
            ]);
          });
        }
      }),
    ).finally(() => {
      writing = false;
    });
    const seen: number[] = [];
    const look = async () => {
      const after = seen.at(-1) ?? 0;
      seen.push(...(await listAudit(database, id, { audience: 'tenant', after })).map((entry) => entry.id));
    };
    while (writing) await look();
    await writes;
    await look();
    expect(seen).toHaveLength(writers * each);
    expect(new Set(seen).size).toBe(writers * each);
  });
});
