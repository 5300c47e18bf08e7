import { findProduct } from '../../tenants/catalog/index.ts';
import { databaseBytes } from '../../tenants/data.ts';
import { emit } from '../notify/index.ts';
import { record } from '../store/audit.ts';
import type { Database, Queryable } from '../store/database.ts';
import { type Judgement, judgeUse, type Standing } from './disk.ts';
import type { MeasuredPlace } from './measure.ts';

/** A place with its plan's limit, and what the tenant was told of it. */
export interface PlaceUse extends MeasuredPlace {
  readonly limitBytes: number;
  readonly was: Standing;
}

/** How much of its database a tenant uses. */
export interface DatabaseUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Since when the database takes no more writes; null while it does. */
  readonly fullSince: Date | null;
}

/** Of the tenant's fullest place: it has two while it moves. Null until it is measured. */
export async function readDatabaseUse(db: Queryable, tenantId: string): Promise<DatabaseUse | null> {
  const { rows } = await db.query<{ usedBytes: string; limitBytes: string; fullSince: Date | null }>(
    `select used_bytes as "usedBytes", limit_bytes as "limitBytes", full_since as "fullSince"
       from tenantry.database_use where tenant_id = $1
      order by used_bytes::numeric / limit_bytes desc limit 1`,
    [tenantId],
  );
  const row = rows[0];
  return row ? { ...row, usedBytes: Number(row.usedBytes), limitBytes: Number(row.limitBytes) } : null;
}

/** Adds the limits of the tenants' plans. Leaves out places of tenants that the control plane or the catalog lacks. */
export async function withLimits(
  db: Queryable,
  places: readonly MeasuredPlace[],
): Promise<readonly PlaceUse[]> {
  const { rows } = await db.query<{
    id: string;
    product: string;
    plan: string;
    told: Readonly<Record<string, number>>;
  }>(
    `select id, product, desired_spec ->> 'plan' as plan,
            (select coalesce(jsonb_object_agg(kind, told_percent), '{}') from tenantry.database_use
              where tenant_id = id) as told
       from tenantry.tenant where id = any($1)`,
    [places.map(({ tenantId }) => tenantId)],
  );
  const tenants = new Map(rows.map((row) => [row.id, row]));
  return places.flatMap((place) => {
    const tenant = tenants.get(place.tenantId);
    const plan = findProduct(tenant?.product ?? '')?.plans.find(({ id }) => id === tenant?.plan);
    if (!tenant || !plan) return [];
    const was = { full: place.full, toldPercent: tenant.told[place.kind] ?? 0 };
    return [{ ...place, limitBytes: databaseBytes(plan), was }];
  });
}

/** Keeps what was measured of places about which there is nothing to tell; small changes are not written. */
export async function keepUse(db: Queryable, uses: readonly PlaceUse[]): Promise<void> {
  const rows = uses.map(({ tenantId, kind, usedBytes, limitBytes, was }) => ({
    tenant_id: tenantId,
    kind,
    used_bytes: usedBytes,
    limit_bytes: limitBytes,
    told_percent: judgeUse(usedBytes, limitBytes, was).toldPercent,
  }));
  await db.query(
    `insert into tenantry.database_use as kept (tenant_id, kind, used_bytes, limit_bytes, told_percent)
     select tenant_id, kind, used_bytes, limit_bytes, told_percent
       from jsonb_to_recordset($1::jsonb) as measured(tenant_id text, kind text, used_bytes bigint, limit_bytes bigint,
         told_percent int)
     on conflict (tenant_id, kind) do update set used_bytes = excluded.used_bytes, limit_bytes = excluded.limit_bytes,
       told_percent = excluded.told_percent, measured_at = clock_timestamp()
     where abs(kept.used_bytes - excluded.used_bytes) > excluded.limit_bytes / 1000
       or kept.limit_bytes <> excluded.limit_bytes or kept.told_percent <> excluded.told_percent`,
    [JSON.stringify(rows)],
  );
}

/** Records a judgement, and tells the tenant: in its trail, and by `usage.limit_reached` when the place is full. */
export async function tellUse(database: Database, use: PlaceUse, judgement: Judgement): Promise<void> {
  const { tenantId, kind, usedBytes, limitBytes, was } = use;
  const { full, toldPercent, notice } = judgement;
  await database.transaction(async (client) => {
    await client.query(
      `insert into tenantry.database_use as kept (tenant_id, kind, used_bytes, limit_bytes, told_percent, full_since)
       values ($1, $2, $3, $4, $5, case when $6 then clock_timestamp() end)
       on conflict (tenant_id, kind) do update set used_bytes = $3, limit_bytes = $4, told_percent = $5,
         full_since = case when $6 then coalesce(kept.full_since, clock_timestamp()) end,
         measured_at = clock_timestamp()`,
      [tenantId, kind, usedBytes, limitBytes, toldPercent, full],
    );
    const [used, limit] = [gigabytes(usedBytes), gigabytes(limitBytes)];
    if (notice === 100) {
      await emit(
        client,
        'usage.limit_reached',
        { tenantId },
        {
          tenantId,
          month: new Date().toISOString().slice(0, 7),
          limit: 'databaseGb',
          usedMicroUnits: Math.round(usedBytes / 1_000),
          limitMicroUnits: Math.round(limitBytes / 1_000),
        },
      );
    }
    const data = { usedBytes, limitBytes };
    if (notice === 80)
      await record(client, {
        tenantId,
        kind: 'database.nearly_full',
        message: `80 % of the plan's database is used: ${used} of ${limit} GB. At ${limit} GB it takes no more writes`,
        data,
      });
    if (full && !was.full)
      await record(client, {
        tenantId,
        kind: 'database.full',
        message: `The database is full: ${used} of ${limit} GB. It takes no more writes until rows are deleted and vacuumed, a table is truncated, or the plan is greater`,
        data,
      });
    if (!full && was.full)
      await record(client, {
        tenantId,
        kind: 'database.writable',
        message: `The database takes writes again: ${used} of ${limit} GB`,
        data,
      });
  });
}

/** Forgets places of the cell's tenants that are no longer there. */
export async function forgetUse(
  db: Queryable,
  cell: string,
  places: readonly MeasuredPlace[],
): Promise<void> {
  await db.query(
    `delete from tenantry.database_use as kept using tenantry.tenant t
      where t.id = kept.tenant_id and t.cell = $1 and kept.measured_at < clock_timestamp() - interval '1 minute'
        and not exists (select from unnest($2::text[], $3::text[]) as there(tenant_id, kind)
                         where there.tenant_id = kept.tenant_id and there.kind = kept.kind)`,
    [cell, places.map(({ tenantId }) => tenantId), places.map(({ kind }) => kind)],
  );
}

function gigabytes(bytes: number): string {
  return (bytes / 1_000_000_000).toFixed(bytes < 100_000_000 ? 3 : 1);
}
