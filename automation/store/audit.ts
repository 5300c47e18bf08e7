import { type Queryable, storable } from './database.ts';
import { firstPage, numberKey, type Page, pageQuery } from './pages.ts';

export interface AuditEntry {
  readonly id: number;
  readonly at: string;
  readonly tenantId: string | null;
  readonly subscriptionId: string | null;
  readonly kind: string;
  readonly message: string;
  readonly data: Record<string, unknown>;
  readonly audience: Audience;
}

export type Audience = 'tenant' | 'operator';

export interface NewAuditEntry {
  readonly tenantId?: string | null;
  readonly subscriptionId?: string | null;
  readonly kind: string;
  readonly message: string;
  readonly data?: Record<string, unknown>;
  readonly audience?: Audience;
}

/**
 * Fields of an entry's data that only operators may read, whomever the entry is for: which worker did the work, and which
 * operator asked for it.
 */
const operatorsOnly = ['worker', 'operator'];

/**
 * Appends entries. Call it last in a transaction: the migration explains the order of locks. Tenants do not see the fields
 * `operatorsOnly`.
 */
export async function record(db: Queryable, ...entries: readonly NewAuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  const rows = entries.map((entry) => ({
    tenant_id: entry.tenantId ?? null,
    subscription_id: entry.subscriptionId ?? null,
    kind: entry.kind,
    message: entry.message,
    data: entry.data ?? {},
    audience: entry.audience ?? 'tenant',
  }));
  await db.query(
    `insert into tenantry.audit (tenant_id, subscription_id, kind, message, data, audience)
     select tenant_id, subscription_id, kind, message, data, audience
     from jsonb_to_recordset($1::jsonb) as entry(tenant_id text, subscription_id text, kind text, message text,
       data jsonb, audience text)`,
    [JSON.stringify(rows, (_key, value) => (typeof value === 'string' ? storable(value) : value))],
  );
}

const columns = `id, at, tenant_id as "tenantId", subscription_id as "subscriptionId", kind, message, audience`;

const order = { id: numberKey('id'), by: { id: numberKey('id') } };

export interface AuditQuery {
  readonly audience: Audience;
  /** Only entries with a higher id, so that a reader can resume. */
  readonly after?: number | undefined;
  /** A kind, or its beginning up to a dot. */
  readonly kind?: string | undefined;
  /** A part of the message, in any case. */
  readonly q?: string | undefined;
}

/**
 * Lists the audit trail of a tenant and of its paying subscription.
 * @param page the first 1,000 entries, oldest first, when omitted
 */
export async function listAudit(
  db: Queryable,
  tenantId: string,
  { audience, after = 0, kind, q }: AuditQuery,
  page: Page<'id'> = firstPage(1000, 'id', 'ascending'),
): Promise<AuditEntry[]> {
  const { rows } = await db.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    ...pageQuery(
      `select ${columns}, case when $3 then data else data - $4::text[] end as data from tenantry.audit
       where (tenant_id = $1 or (tenant_id is null and subscription_id =
           (select subscription_id from tenantry.tenant where id = $1)))
         and id > $2 and ($3 or audience = 'tenant')
         and ($5::text is null or kind = $5 or starts_with(kind, $5 || '.'))
         and ($6::text is null or strpos(lower(message), $6) > 0)`,
      [tenantId, after, audience === 'operator', operatorsOnly, kind ?? null, q?.toLowerCase() ?? null],
      order,
      page,
    ),
  );
  return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Lists the newest entries of all tenants, newest first; for operators only. */
export async function listRecentAudit(db: Queryable, limit: number): Promise<AuditEntry[]> {
  const result = await db.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    `select ${columns}, data from tenantry.audit order by id desc limit $1`,
    [limit],
  );
  return result.rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
