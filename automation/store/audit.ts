import { type Queryable, storable } from './database.ts';

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

/**
 * Lists the audit trail of a tenant and of its paying subscription, oldest first.
 * @param after lists only higher ids, so that a reader can resume
 */
export async function listAudit(
  db: Queryable,
  tenantId: string,
  options: { after?: number; limit?: number; audience: Audience },
): Promise<AuditEntry[]> {
  const result = await db.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    `select ${columns}, case when $3 then data else data - $5::text[] end as data from tenantry.audit
     where (tenant_id = $1 or (tenant_id is null and subscription_id =
         (select subscription_id from tenantry.tenant where id = $1)))
       and id > $2 and ($3 or audience = 'tenant')
     order by id limit $4`,
    [tenantId, options.after ?? 0, options.audience === 'operator', options.limit ?? 1000, operatorsOnly],
  );
  return result.rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}

/** Lists the newest entries of all tenants, newest first; for operators only. */
export async function listRecentAudit(db: Queryable, limit: number): Promise<AuditEntry[]> {
  const result = await db.query<Omit<AuditEntry, 'at'> & { at: Date }>(
    `select ${columns}, data from tenantry.audit order by id desc limit $1`,
    [limit],
  );
  return result.rows.map((row) => ({ ...row, at: row.at.toISOString() }));
}
