import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';
import { numberKey, type Page, pageQuery } from '../store/pages.ts';

/** An export of a tenant's data: on request, or before it is deleted. */
export interface TenantExport {
  readonly id: number;
  readonly tenantId: string;
  readonly cell: string;
  readonly reason: 'request' | 'offboarding';
  readonly requestedBy: string | null;
  readonly requestedAt: Date;
  readonly attempt: number;
  readonly finishedAt: Date | null;
  /** Its name in the file store. */
  readonly file: string | null;
  readonly url: string | null;
  readonly sha256: string | null;
  readonly bytes: number | null;
  readonly tables: number | null;
  readonly rows: number | null;
  /** Failed tries. */
  readonly attempts: number;
  readonly nextTryAt: Date | null;
  /** Why the last try failed, for operators. */
  readonly cause: string | null;
  readonly expiresAt: Date | null;
  readonly removedAt: Date | null;
}

/** A finished export. */
export interface ExportFacts {
  readonly file: string;
  readonly url: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  readonly expiresAt: Date;
}

/** Another process has begun the export again: this one must leave the file alone. */
export class ExportTakenOver extends Error {
  override readonly name = 'ExportTakenOver';
  constructor(id: number) {
    super(`the export ${id} was taken over`);
  }
}

const columns = `id, tenant_id as "tenantId", cell, reason, requested_by as "requestedBy",
  requested_at as "requestedAt", attempt, finished_at as "finishedAt", file, url, sha256, bytes, tables, rows, attempts,
  next_try_at as "nextTryAt", cause, expires_at as "expiresAt", removed_at as "removedAt"`;

/** Requests an export; returns the one under way if there is one. */
export async function requestExport(
  db: Queryable,
  tenant: { readonly id: string; readonly cell: string },
  by: string,
): Promise<TenantExport> {
  const inserted = firstRow(
    await db.query<TenantExport>(
      `insert into tenantry.tenant_export (tenant_id, cell, reason, requested_by) values ($1, $2, 'request', $3)
       on conflict (tenant_id) where reason = 'request' and finished_at is null
         do update set next_try_at = null returning ${columns}`,
      [tenant.id, tenant.cell, storable(by)],
    ),
  );
  if (!inserted) throw new Error('the requested export has vanished');
  await ringExport(db, inserted);
  return inserted;
}

/** Finds or requests the export before the tenant's deletion. */
export async function offboardingExport(
  db: Queryable,
  tenant: { readonly id: string; readonly cell: string },
): Promise<TenantExport> {
  return onlyRow(
    await db.query<TenantExport>(
      `insert into tenantry.tenant_export (tenant_id, cell, reason) values ($1, $2, 'offboarding')
       on conflict (tenant_id) where reason = 'offboarding' do update set reason = 'offboarding' returning ${columns}`,
      [tenant.id, tenant.cell],
    ),
  );
}

export async function findExport(db: Queryable, id: number): Promise<TenantExport | null> {
  return firstRow(
    await db.query<TenantExport>(`select ${columns} from tenantry.tenant_export where id = $1`, [id]),
  );
}

const order = { id: numberKey('id'), by: { id: numberKey('id') } };

/** Exports of a tenant. */
export async function listExports(
  db: Queryable,
  tenantId: string,
  filter: {
    readonly reason?: TenantExport['reason'] | undefined;
    /** `ready` until its file is removed. */
    readonly state?: 'pending' | 'ready' | 'expired' | undefined;
  },
  page: Page<'id'>,
): Promise<TenantExport[]> {
  const { rows } = await db.query<TenantExport>(
    ...pageQuery(
      `select ${columns} from tenantry.tenant_export where tenant_id = $1 and ($2::text is null or reason = $2)
         and ($3::text is null or $3 = case when finished_at is null then 'pending'
           when removed_at is null then 'ready' else 'expired' end)`,
      [tenantId, filter.reason ?? null, filter.state ?? null],
      order,
      page,
    ),
  );
  return rows;
}

/** Draws the number of the next attempt; null when the export is finished. */
export async function beginExport(db: Queryable, id: number): Promise<number | null> {
  const begun = firstRow(
    await db.query<{ attempt: number }>(
      `update tenantry.tenant_export set attempt = attempt + 1, started_at = clock_timestamp()
       where id = $1 and finished_at is null returning attempt`,
      [id],
    ),
  );
  return begun?.attempt ?? null;
}

/** @throws ExportTakenOver when a later attempt has begun */
export async function finishExport(
  db: Queryable,
  id: number,
  attempt: number,
  { file, url, sha256, bytes, tables, rows, expiresAt }: ExportFacts,
): Promise<void> {
  const { rowCount } = await db.query(
    `update tenantry.tenant_export set finished_at = clock_timestamp(), file = $3, url = $4, sha256 = $5, bytes = $6,
       tables = $7, rows = $8, expires_at = $9, attempts = 0, next_try_at = null, cause = null
     where id = $1 and attempt = $2 and finished_at is null`,
    [id, attempt, file, url, sha256, bytes, tables, rows, expiresAt],
  );
  if (rowCount !== 1) throw new ExportTakenOver(id);
}

export async function noteExportFailure(
  db: Queryable,
  id: number,
  attempt: number,
  failure: { readonly cause: string; readonly nextTryAt: Date },
): Promise<void> {
  await db.query(
    `update tenantry.tenant_export set attempts = attempts + 1, next_try_at = $3, cause = $4
     where id = $1 and attempt = $2 and finished_at is null`,
    [id, attempt, failure.nextTryAt, storable(failure.cause)],
  );
}

/** Lists requested exports that no process is making. */
export async function listOpenExports(
  db: Queryable,
  cell: string,
  limit: number,
): Promise<{ id: number; cell: string }[]> {
  const { rows } = await db.query<{ id: number; cell: string }>(
    `select e.id, t.cell from tenantry.tenant_export e join tenantry.tenant t on t.id = e.tenant_id
     where t.cell = $1 and e.reason = 'request' and e.finished_at is null
       and (e.next_try_at is null or e.next_try_at <= now())
       and not exists (select from tenantry.turn held
         where held.name = 'export:' || e.id and held.expires_at > clock_timestamp())
     order by e.id limit $2`,
    [cell, limit],
  );
  return rows;
}

export async function ringExport(
  db: Queryable,
  wanted: { readonly id: number; readonly cell: string },
): Promise<void> {
  await db.query('select tenantry.ring_export($1, $2)', [wanted.id, wanted.cell]);
}

/** Lists expired exports that still have files. */
export async function listExpiredExports(
  db: Queryable,
  cell: string,
  now: Date,
  limit: number,
): Promise<{ id: number; tenantId: string }[]> {
  const { rows } = await db.query<{ id: number; tenantId: string }>(
    `select id, tenant_id as "tenantId" from tenantry.tenant_export
     where cell = $1 and finished_at is not null and removed_at is null and expires_at <= $2
     order by expires_at limit $3`,
    [cell, now, limit],
  );
  return rows;
}

export async function noteExportRemoved(db: Queryable, id: number): Promise<void> {
  await db.query('update tenantry.tenant_export set removed_at = clock_timestamp() where id = $1', [id]);
}
