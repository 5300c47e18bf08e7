import type { Queryable } from '../store/database.ts';
import type { PodSize, Verdict, VerdictState } from './judge.ts';

/** A watcher that was up to date this long ago still counts: several of its beats (`beatMs`). */
const freshMs = 30_000;

export interface WatchedTenant {
  readonly id: string;
  readonly product: string;
  readonly namespace: string;
}

/** The tenants that live in the namespaces. Of two with one name, the one that is not being deleted. */
export async function tenantsIn(
  db: Queryable,
  cell: string,
  namespaces: readonly string[],
): Promise<readonly WatchedTenant[]> {
  const { rows } = await db.query<WatchedTenant>(
    `select distinct on (namespace) id, product, namespace from tenantry.tenant
      where cell = $1 and namespace = any($2) and phase <> 'deleted'
      order by namespace, desired_state = 'deleted', created_at desc`,
    [cell, namespaces],
  );
  return rows;
}

/** The namespaces of the cell with a row. */
export async function judgedNamespaces(db: Queryable, cell: string): Promise<readonly string[]> {
  const { rows } = await db.query<{ namespace: string }>(
    `select distinct namespace from tenantry.tenant_health join tenantry.tenant on id = tenant_id where cell = $1`,
    [cell],
  );
  return rows.map(({ namespace }) => namespace);
}

/** Writes the rows that change, and no others. @returns how many */
export async function writeVerdicts(db: Queryable, verdicts: ReadonlyMap<string, Verdict>): Promise<number> {
  const given = [...verdicts].map(([tenantId, verdict]) => ({ tenantId, ...verdict }));
  const { rowCount } = await db.query(
    `insert into tenantry.tenant_health as kept (tenant_id, state, message, wanted, ready, sizes, not_running_since)
     select "tenantId", state, message, wanted, ready, sizes,
            case when state not in ('running', 'none_wanted') then clock_timestamp() end
       from jsonb_to_recordset($1::jsonb)
         as given ("tenantId" text, state text, message text, wanted int, ready int, sizes jsonb)
      order by "tenantId"
     on conflict (tenant_id) do update set state = excluded.state, message = excluded.message,
       wanted = excluded.wanted, ready = excluded.ready, sizes = excluded.sizes, changed_at = clock_timestamp(),
       since = case when kept.state = excluded.state then kept.since else excluded.since end,
       not_running_since = case when excluded.not_running_since is not null
         then coalesce(kept.not_running_since, excluded.not_running_since) end
     where (kept.state, kept.message, kept.wanted, kept.ready, kept.sizes)
       is distinct from (excluded.state, excluded.message, excluded.wanted, excluded.ready, excluded.sizes)`,
    [JSON.stringify(given)],
  );
  return rowCount ?? 0;
}

/** Forgets tenants without a workload in these namespaces of the cell. */
export async function forgetOthers(
  db: Queryable,
  cell: string,
  namespaces: readonly string[],
  except: readonly string[],
): Promise<void> {
  await db.query(
    `delete from tenantry.tenant_health using tenantry.tenant
      where id = tenant_id and cell = $1 and namespace = any($2) and id <> all($3)`,
    [cell, namespaces, except],
  );
}

export async function noteWatch(db: Queryable, cell: string): Promise<void> {
  await db.query(
    `insert into tenantry.cell_watch (cell, seen_at) values ($1, clock_timestamp())
     on conflict (cell) do update set seen_at = excluded.seen_at`,
    [cell],
  );
}

/** What was last seen of a tenant, and whether the watcher of its cell is at work. */
export interface Seen {
  readonly tenantId: string;
  readonly isFresh: boolean;
  /** When the watcher was last up to date; null when nobody has watched yet. */
  readonly seenAt: Date | null;
  /** The verdict; null when no workload was seen. */
  readonly state: VerdictState | null;
  readonly message: string | null;
  readonly wanted: number | null;
  readonly ready: number | null;
  readonly sizes: readonly PodSize[] | null;
  readonly since: Date | null;
}

const isFresh = `coalesce(seen_at > clock_timestamp() - interval '${freshMs} ms', false)`;

export async function readSeen(db: Queryable, tenantIds: readonly string[]): Promise<readonly Seen[]> {
  const { rows } = await db.query<Seen>(
    `select id as "tenantId", ${isFresh} as "isFresh", seen_at as "seenAt", state, message, wanted, ready, sizes, since
       from tenantry.tenant
       left join tenantry.tenant_health on tenant_id = id
       left join tenantry.cell_watch using (cell)
      where id = any($1)`,
    [tenantIds],
  );
  return rows;
}

export interface HealthCount {
  readonly product: string;
  readonly plan: string;
  readonly cell: string;
  readonly state: VerdictState | 'unknown';
  readonly count: number;
  /** The longest time that one of them has not been running. */
  readonly notRunningSeconds: number;
}

/** Counts provisioned tenants by what runs of them, without slots. */
export async function countHealth(db: Queryable): Promise<HealthCount[]> {
  const { rows } = await db.query<HealthCount>(
    `select product, desired_spec->>'plan' as plan, cell,
            case when ${isFresh} then coalesce(state, 'none_wanted') else 'unknown' end as state, count(*) as count,
            coalesce(max(extract(epoch from clock_timestamp() - not_running_since)), 0)::float8 as "notRunningSeconds"
       from tenantry.tenant
       left join tenantry.tenant_health on tenant_id = id
       left join tenantry.cell_watch using (cell)
      where not slot and observed_state = 'active' and desired_state <> 'deleted' and phase <> 'deleted'
      group by 1, 2, 3, 4`,
  );
  return rows;
}

/** What runs of one tenant, for comparisons. */
export interface Running {
  readonly state: VerdictState;
  readonly message: string | null;
  readonly wanted: number;
  readonly ready: number;
  readonly sizes: readonly PodSize[];
  readonly notRunningSince: Date | null;
  /** When any of it last changed. */
  readonly changedAt: Date;
}

/** By tenant; null when nobody watches the cell. */
export async function readRunning(db: Queryable, cell: string): Promise<ReadonlyMap<string, Running> | null> {
  const watched = await db.query(`select from tenantry.cell_watch where cell = $1 and ${isFresh}`, [cell]);
  if (watched.rowCount === 0) return null;
  const { rows } = await db.query<Running & { tenantId: string }>(
    `select tenant_id as "tenantId", state, message, wanted, ready, sizes, not_running_since as "notRunningSince",
            changed_at as "changedAt"
       from tenantry.tenant_health join tenantry.tenant on id = tenant_id where cell = $1 and phase <> 'deleted'`,
    [cell],
  );
  return new Map(rows.map(({ tenantId, ...running }) => [tenantId, running]));
}
