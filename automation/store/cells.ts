import type { Queryable } from './database.ts';

/** Where tenants live: a cluster with its database and state bucket. */
export interface Cell {
  readonly id: string;
  readonly region: string;
}

/** A cell as its platform stack describes it; null until synced. */
export interface KnownCell extends Cell {
  /** Tenants without a wish for a region go here. */
  readonly home: boolean;
  readonly cluster: string | null;
  /** Host of the tenants' database. */
  readonly database: string | null;
  /** URL of the bucket of stacks' states. */
  readonly stateBucket: string | null;
  readonly syncedAt: Date | null;
}

/** A cell from its stack's output, to be written. */
export interface SyncedCell extends Cell {
  readonly home: boolean;
  readonly cluster: string;
  readonly database: string;
  readonly stateBucket: string;
  /** The whole output, for disaster recovery. */
  readonly outputs: object;
}

const columns = 'id, region, home, cluster, database, state_bucket as "stateBucket", synced_at as "syncedAt"';

/** Registers the cell with its region; keeps what was synced. */
export async function ensureCell(db: Queryable, cell: Cell): Promise<void> {
  await db.query(
    'insert into tenantry.cell (id, region) values ($1, $2) on conflict (id) do update set region = excluded.region',
    [cell.id, cell.region],
  );
}

/** Every cell, by id. */
export async function listCells(db: Queryable): Promise<KnownCell[]> {
  return (await db.query<KnownCell>(`select ${columns} from tenantry.cell order by id`)).rows;
}

/** Every cell with the number of tenants in it that are not deleted. */
export async function countTenantsByCell(db: Queryable): Promise<Map<string, number>> {
  const { rows } = await db.query<{ cell: string; count: number }>(
    `select cell, count(*) from tenantry.tenant where phase <> 'deleted' and not slot group by cell`,
  );
  return new Map(rows.map(({ cell, count }) => [cell, count]));
}

/**
 * Writes cells as their stacks describe them. Marks unserved subscriptions to be looked at again, as their region may
 * have a cell now. Call it in a transaction.
 */
export async function writeCells(db: Queryable, cells: readonly SyncedCell[]): Promise<void> {
  // One home at a time: the index allows no other order.
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

/** A database server for one tenant, and for whom it is kept. */
export interface DatabaseServer {
  readonly name: string;
  /** Slug of the tenant that ordered it; null for anybody. */
  readonly slug: string | null;
  /** Tenant with rows on it; null while it is free. */
  readonly tenant: string | null;
}

/** The cell's servers for one tenant each, by name. A deleted tenant has left its server. */
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

/** Keeps other transactions from giving away a server of the cell until this one ends. */
export async function lockDatabaseServers(db: Queryable, cellId: string): Promise<void> {
  await db.query('select from tenantry.cell where id = $1 for no key update', [cellId]);
}

/** Records where a cell's database is from now on. */
export async function writeCellDatabase(db: Queryable, id: string, host: string): Promise<void> {
  await db.query('update tenantry.cell set database = $2 where id = $1', [id, host]);
}
