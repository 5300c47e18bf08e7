import type { Queryable } from './database.ts';

/** Where tenants live: a cluster with its database and state bucket. */
export interface Cell {
  readonly id: string;
  readonly region: string;
}

/** A cell as its platform stack describes it. Values are null until it has been synced. */
export interface KnownCell extends Cell {
  /** Tenants whose customers ask for no region go to the home. */
  readonly home: boolean;
  readonly cluster: string | null;
  /** Host of the tenants' database. */
  readonly database: string | null;
  /** URL of the bucket that holds the stacks' states. */
  readonly stateBucket: string | null;
  readonly syncedAt: Date | null;
}

/** A cell from its stack's outputs. */
export interface SyncedCell extends Cell {
  readonly home: boolean;
  readonly cluster: string;
  readonly database: string;
  readonly stateBucket: string;
  /** All outputs, for disaster recovery. */
  readonly outputs: object;
}

const columns = 'id, region, home, cluster, database, state_bucket as "stateBucket", synced_at as "syncedAt"';

/** Registers the cell with its region, and keeps what was synced. */
export async function ensureCell(db: Queryable, cell: Cell): Promise<void> {
  await db.query(
    'insert into tenantry.cell (id, region) values ($1, $2) on conflict (id) do update set region = excluded.region',
    [cell.id, cell.region],
  );
}

/** Lists every cell, by id. */
export async function listCells(db: Queryable): Promise<KnownCell[]> {
  return (await db.query<KnownCell>(`select ${columns} from tenantry.cell order by id`)).rows;
}

/** Counts each cell's tenants, without slots and deleted ones. */
export async function countTenantsByCell(db: Queryable): Promise<Map<string, number>> {
  const { rows } = await db.query<{ cell: string; count: number }>(
    `select cell, count(*) from tenantry.tenant where phase <> 'deleted' and not slot group by cell`,
  );
  return new Map(rows.map(({ cell, count }) => [cell, count]));
}

/**
 * Writes cells as their stacks describe them. Marks subscriptions with a problem to be synced again, because their region
 * may have a cell now. Call it in a transaction.
 */
export async function writeCells(db: Queryable, cells: readonly SyncedCell[]): Promise<void> {
  // First, because the index allows only one home at a time.
  if (cells.some(({ home }) => home)) await db.query('update tenantry.cell set home = false where home');
  for (const cell of cells) {
    await db.query(
      `insert into tenantry.cell (id, region, home, cluster, database, state_bucket, outputs, synced_at)
       values ($1, $2, $3, $4, $5, $6, $7, now())
       on conflict (id) do update set region = excluded.region, home = excluded.home, cluster = excluded.cluster,
         database = excluded.database, state_bucket = excluded.state_bucket, outputs = excluded.outputs,
         synced_at = excluded.synced_at`,
      [
        cell.id,
        cell.region,
        cell.home,
        cell.cluster,
        cell.database,
        cell.stateBucket,
        JSON.stringify(cell.outputs),
      ],
    );
  }
  await db.query(
    `select tenantry.mark_subscriptions(array(select id from tenantry.subscription where problem is not null))`,
  );
}

/** A database server for a single tenant. */
export interface DatabaseServer {
  readonly name: string;
  /** Slug of the tenant that it was ordered for; null for any tenant. */
  readonly slug: string | null;
  /** The tenant whose rows it holds; null while it is free. */
  readonly tenant: string | null;
}

/** Lists the cell's servers for single tenants, by name. A deleted tenant's server is free. */
export async function listDatabaseServers(db: Queryable, cellId: string): Promise<DatabaseServer[]> {
  const { rows } = await db.query<DatabaseServer>(
    `select server->>'name' as name, server->>'tenant' as slug,
            (select tenant.id from tenantry.tenant
              where tenant.cell = cell.id and phase <> 'deleted'
                and desired_spec->>'databaseServer' = server->>'name' limit 1) as tenant
       from tenantry.cell
      cross join lateral jsonb_array_elements(coalesce(outputs #> '{database,dedicated}', '[]')) as server
      where cell.id = $1 order by 1`,
    [cellId],
  );
  return rows;
}

/** Locks the cell until the transaction ends, so that no other transaction gives away one of its servers. */
export async function lockDatabaseServers(db: Queryable, cellId: string): Promise<void> {
  await db.query('select from tenantry.cell where id = $1 for no key update', [cellId]);
}

export async function writeCellDatabase(db: Queryable, id: string, host: string): Promise<void> {
  await db.query('update tenantry.cell set database = $2 where id = $1', [id, host]);
}
