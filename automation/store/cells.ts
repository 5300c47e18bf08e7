import type { Queryable } from './database.ts';

/** Where tenants live: a cluster with its database and state bucket. */
export interface Cell {
  readonly id: string;
  readonly region: string;
}

export async function ensureCell(db: Queryable, cell: Cell): Promise<void> {
  await db.query(
    'insert into tenantry.cell (id, region) values ($1, $2) on conflict (id) do update set region = excluded.region',
    [cell.id, cell.region],
  );
}
