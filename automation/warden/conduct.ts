import { record } from '../store/audit.ts';
import type { Database, Queryable } from '../store/database.ts';
import { type OffenceKind, offenceTexts } from './offences.ts';

/**
 * Counts an offence and records it in the tenant's trail.
 * @returns the number of offences since the last quiet time; null when the control plane knows no such tenant
 */
export async function recordOffence(
  database: Database,
  tenantId: string,
  kind: OffenceKind,
): Promise<number | null> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ offences: number }>(
      `insert into tenantry.database_conduct as conduct (tenant_id, offences, last_offence_at)
       select id, 1, clock_timestamp() from tenantry.tenant where id = $1
       on conflict (tenant_id) do update set offences = conduct.offences + 1, last_offence_at = clock_timestamp()
       returning offences`,
      [tenantId],
    );
    const offences = rows[0]?.offences;
    if (offences === undefined) return null;
    await record(client, {
      tenantId,
      kind: 'database.session_ended',
      message: `A session of the tenant's database was ended: ${offenceTexts[kind]}`,
      data: { reason: kind, offences },
    });
    return offences;
  });
}

export async function recordThrottle(
  database: Database,
  tenantId: string,
  connections: number,
  planConnections: number,
): Promise<void> {
  await database.transaction(async (client) => {
    await client.query(
      'update tenantry.database_conduct set throttled_at = clock_timestamp() where tenant_id = $1',
      [tenantId],
    );
    await record(client, {
      tenantId,
      kind: 'database.throttled',
      message: `The tenant's database takes ${connections} of ${planConnections} connections, as its sessions had to be ended again and again`,
      data: { connections, planConnections },
    });
  });
}

/** The tenants of the cell whose last offence is at least this long ago. */
export async function listReformed(db: Queryable, cell: string, quietMs: number): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select c.tenant_id as id from tenantry.database_conduct c join tenantry.tenant t on t.id = c.tenant_id
      where t.cell = $1 and c.offences > 0 and c.last_offence_at < clock_timestamp() - $2 * interval '1 ms'
      order by c.last_offence_at limit 500`,
    [cell, quietMs],
  );
  return rows.map(({ id }) => id);
}

/** Forgets a tenant's offences. Records in its trail when that ends a throttle. */
export async function forgive(database: Database, tenantId: string): Promise<void> {
  await database.transaction(async (client) => {
    const { rows } = await client.query<{ was: Date | null }>(
      'select throttled_at as was from tenantry.database_conduct where tenant_id = $1 for update',
      [tenantId],
    );
    await client.query(
      'update tenantry.database_conduct set offences = 0, throttled_at = null where tenant_id = $1',
      [tenantId],
    );
    if (!rows[0]?.was) return;
    await record(client, {
      tenantId,
      kind: 'database.throttle_ended',
      message: "The tenant's database takes all connections of its plan again",
    });
  });
}
