import { firstRow, type Queryable, storable } from '../store/database.ts';
import { numberKey, type Page, pageQuery } from '../store/pages.ts';

/** One disagreement between money, rows and infrastructure, for as long as it lasts. */
export interface Finding {
  readonly id: number;
  readonly key: string;
  readonly area: string;
  readonly kind: string;
  readonly subject: string;
  readonly tenantId: string | null;
  readonly subscriptionId: string | null;
  readonly cause: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly state: 'suspected' | 'healing' | 'waiting' | 'approved' | 'dismissed';
  readonly firstSeenAt: Date;
  readonly lastSeenAt: Date;
  readonly looks: number;
  /** How often healing was tried, and when it was tried last. */
  readonly heals: number;
  readonly healedAt: Date | null;
  readonly decidedBy: string | null;
  readonly decidedAt: Date | null;
  readonly note: string | null;
  readonly endedAt: Date | null;
}

const columns = `id, key, area, kind, subject, tenant_id as "tenantId", subscription_id as "subscriptionId", cause, data,
  state, first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt", looks, heals, healed_at as "healedAt",
  decided_by as "decidedBy", decided_at as "decidedAt", note, ended_at as "endedAt"`;

export type Seen = Pick<
  Finding,
  'key' | 'kind' | 'subject' | 'tenantId' | 'subscriptionId' | 'cause' | 'data'
> & { readonly state: Finding['state'] };

const seenColumns = `key text, kind text, subject text, "tenantId" text, "subscriptionId" text, cause text, data jsonb,
  state text`;

export async function listOpenFindings(db: Queryable, area: string): Promise<Finding[]> {
  const { rows } = await db.query<Finding>(
    `select ${columns} from tenantry.finding where area = $1 and ended_at is null order by id`,
    [area],
  );
  return rows;
}

/** Adds new findings; returns their ids by key. */
export async function insertFindings(
  db: Queryable,
  area: string,
  findings: readonly Seen[],
  at: Date,
): Promise<Map<string, number>> {
  if (findings.length === 0) return new Map();
  const { rows } = await db.query<{ id: number; key: string }>(
    `insert into tenantry.finding (key, area, kind, subject, tenant_id, subscription_id, cause, data, state,
       first_seen_at, last_seen_at)
     select key, $2, kind, subject, "tenantId", "subscriptionId", cause, data, state, $3, $3
     from jsonb_to_recordset($1::jsonb) as seen(${seenColumns})
     on conflict (key) where ended_at is null do nothing returning id, key`,
    [json(findings), area, at],
  );
  return new Map(rows.map(({ id, key }) => [key, id]));
}

/** Records that findings were seen again. Keeps a decision that an operator made after `was` was read. */
export async function updateFindings(
  db: Queryable,
  findings: readonly (Seen & { readonly id: number; readonly was: Finding['state'] })[],
  at: Date,
): Promise<void> {
  if (findings.length === 0) return;
  await db.query(
    `update tenantry.finding f set cause = seen.cause, data = seen.data, last_seen_at = $2, looks = f.looks + 1,
       tenant_id = seen."tenantId", subscription_id = seen."subscriptionId",
       state = case when f.state = seen.was then seen.state else f.state end
     from jsonb_to_recordset($1::jsonb) as seen(id bigint, was text, ${seenColumns})
     where f.id = seen.id and f.ended_at is null`,
    [json(findings), at],
  );
}

/** Ends findings that are gone, and deletes those that never counted. */
export async function endFindings(
  db: Queryable,
  ended: readonly { readonly id: number; readonly counted: boolean }[],
  at: Date,
): Promise<void> {
  const ids = (counted: boolean) => ended.filter((one) => one.counted === counted).map(({ id }) => id);
  await db.query('update tenantry.finding set ended_at = $2 where id = any($1)', [ids(true), at]);
  await db.query('delete from tenantry.finding where id = any($1)', [ids(false)]);
}

/** Records a try of healing. */
export async function noteHeals(db: Queryable, ids: readonly number[], at: Date): Promise<void> {
  await db.query('update tenantry.finding set heals = heals + 1, healed_at = $2 where id = any($1)', [
    ids,
    at,
  ]);
}

/** Deletes findings that ended before a time. */
export async function deleteFindingsBefore(db: Queryable, before: Date, limit: number): Promise<void> {
  await db.query(
    `delete from tenantry.finding where id in (
       select id from tenantry.finding where ended_at < $1 order by ended_at limit $2)`,
    [before, limit],
  );
}

export async function findFinding(
  db: Queryable,
  id: number,
  options: { lock?: boolean } = {},
): Promise<Finding | null> {
  return firstRow(
    await db.query<Finding>(
      `select ${columns} from tenantry.finding where id = $1 ${options.lock ? 'for update' : ''}`,
      [id],
    ),
  );
}

export interface FindingFilter {
  readonly state?: string | undefined;
  readonly kind?: string | undefined;
  readonly tenant?: string | undefined;
  /** Of the tenant. */
  readonly product?: string | undefined;
  /** A part of the subject, or the beginning of the key, of the tenant's or of the subscription's id; in any case. */
  readonly q?: string | undefined;
  /** The ended ones instead of the open ones. */
  readonly ended?: boolean;
}

const order = { id: numberKey('id'), by: { id: numberKey('id') } };

/** Lists findings that count; suspected ones only when the filter names that state. */
export async function listFindings(
  db: Queryable,
  filter: FindingFilter,
  page: Page<'id'>,
): Promise<Finding[]> {
  const { rows } = await db.query<Finding>(
    ...pageQuery(
      `select ${columns} from tenantry.finding
       where (ended_at is not null) = $1 and ($2::text is null and state <> 'suspected' or state = $2)
         and ($3::text is null or kind = $3) and ($4::text is null or tenant_id = $4)
         and ($5::text is null or tenant_id = any(array(select t.id from tenantry.tenant t where t.product = $5)))
         and ($6::text is null or strpos(lower(subject), $6) > 0 or starts_with(lower(key), $6)
           or starts_with(tenant_id, $6) or starts_with(lower(subscription_id), $6))`,
      [
        filter.ended ?? false,
        filter.state ?? null,
        filter.kind ?? null,
        filter.tenant ?? null,
        filter.product ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

/** Writes an operator's decision; the finding must be locked. */
export async function decideFinding(
  db: Queryable,
  id: number,
  decision: { state: 'approved' | 'dismissed' | 'healing'; by: string; note: string | null; at: Date },
): Promise<void> {
  await db.query(
    `update tenantry.finding set state = $2, decided_by = $3, note = $4, decided_at = $5,
       heals = case when $2 = 'healing' then 0 else heals end,
       healed_at = case when $2 = 'healing' then null else healed_at end
     where id = $1`,
    [id, decision.state, decision.by, decision.note, decision.at],
  );
}

export interface FindingCount {
  readonly kind: string;
  readonly state: string;
  readonly count: number;
  /** When the oldest one was first seen. */
  readonly oldest: Date;
}

/** Counts open findings by kind and state. */
export async function countFindings(db: Queryable): Promise<FindingCount[]> {
  const { rows } = await db.query<FindingCount>(
    `select kind, state, count(*), min(first_seen_at) as oldest from tenantry.finding
     where ended_at is null group by kind, state order by kind, state`,
  );
  return rows;
}

function json(rows: readonly Seen[]): string {
  return JSON.stringify(rows, (_key, value) => (typeof value === 'string' ? storable(value) : value));
}
