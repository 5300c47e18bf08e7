import { firstRow, onlyRow, type Queryable } from '../store/database.ts';
import { type Page, pageQuery, textKey, timeKey } from '../store/pages.ts';
import type { Begun, PlanNeed } from './standing.ts';
import { microsPerUnit } from './standing.ts';

export type ReservationState = 'open' | 'settled' | 'released' | 'expired';

/** A use that was admitted before it began. */
export interface Reservation {
  readonly id: string;
  readonly tenantId: string;
  readonly key: string;
  /** In millionths of the meter's unit. */
  readonly microUnits: number;
  readonly meter: string | null;
  readonly credits: number | null;
  readonly costMicros: number | null;
  readonly estimatedCostMicros: number;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly state: ReservationState;
  readonly settledMicroUnits: number | null;
  readonly settledCostMicros: number | null;
}

export type NewReservation = Omit<Reservation, 'state' | 'settledMicroUnits' | 'settledCostMicros'> & {
  /** What was asked for. */
  readonly request: unknown;
};

const columns = `id, tenant_id as "tenantId", key, micro_units as "microUnits", meter, credits,
  cost_micros as "costMicros", estimated_cost_micros as "estimatedCostMicros", created_at as "createdAt",
  expires_at as "expiresAt", coalesce(outcome, 'open') as state, settled_micro_units as "settledMicroUnits",
  settled_cost_micros as "settledCostMicros"`;

/**
 * Locks a tenant's reservations until the end of the transaction, so that a check sees everything admitted before it. In
 * the order of locks this comes before the tenant's credits and budgets.
 */
export async function lockReservations(db: Queryable, tenantId: string): Promise<void> {
  await db.query(`select pg_advisory_xact_lock(hashtextextended('tenantry.reservation:' || $1, 0))`, [
    tenantId,
  ]);
}

/** Finds the reservation of a key; `isSame` says whether the same request made it. */
export async function findByKey(
  db: Queryable,
  tenantId: string,
  key: string,
  request: unknown,
): Promise<(Reservation & { readonly isSame: boolean }) | null> {
  return firstRow(
    await db.query<Reservation & { isSame: boolean }>(
      `select ${columns}, request = $3::jsonb as "isSame" from tenantry.reservation where tenant_id = $1 and key = $2`,
      [tenantId, key, JSON.stringify(request)],
    ),
  );
}

export async function findReservation(
  db: Queryable,
  tenantId: string,
  id: string,
): Promise<Reservation | null> {
  return firstRow(
    await db.query<Reservation>(
      `select ${columns} from tenantry.reservation where tenant_id = $1 and id = $2`,
      [tenantId, id],
    ),
  );
}

const order = { id: textKey('id'), by: { createdAt: timeKey('created_at') } };

/** A tenant's reservations. */
export async function listReservations(
  db: Queryable,
  tenantId: string,
  filter: {
    readonly state?: ReservationState | undefined;
    readonly meter?: string | undefined;
    /** Beginning of the id or of the key, in any case. */
    readonly q?: string | undefined;
  },
  page: Page<'createdAt'>,
): Promise<Reservation[]> {
  const { rows } = await db.query<Reservation>(
    ...pageQuery(
      `select ${columns} from tenantry.reservation
       where tenant_id = $1 and ($2::text is null or coalesce(outcome, 'open') = $2)
         and ($3::text is null or meter = $3)
         and ($4::text is null or starts_with(id, $4) or starts_with(lower(key), $4))`,
      [tenantId, filter.state ?? null, filter.meter ?? null, filter.q?.toLowerCase() ?? null],
      order,
      page,
    ),
  );
  return rows;
}

export async function insertReservation(
  db: Queryable,
  made: NewReservation,
  needs: readonly PlanNeed[],
): Promise<void> {
  await db.query(
    `insert into tenantry.reservation (id, tenant_id, key, request, micro_units, meter, credits, cost_micros,
       estimated_cost_micros, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    [
      made.id,
      made.tenantId,
      made.key,
      JSON.stringify(made.request),
      made.microUnits,
      made.meter,
      made.credits,
      made.costMicros,
      made.estimatedCostMicros,
      made.createdAt,
      made.expiresAt,
    ],
  );
  if (needs.length === 0) return;
  await db.query(
    `insert into tenantry.reservation_need (reservation_id, tenant_id, entitlement, kind, micro_units, began_at)
     select $1, $2, entitlement, kind, sum(micro_units), $6
     from unnest($3::text[], $4::text[], $5::bigint[]) n(entitlement, kind, micro_units) group by entitlement, kind`,
    [
      made.id,
      made.tenantId,
      needs.map(({ entitlement }) => entitlement),
      needs.map(({ of }) => of),
      needs.map(({ amount }) => Math.round(amount * microsPerUnit)),
      made.createdAt,
    ],
  );
}

/** Sums what began of an entitlement after a time, without what was released. */
export async function readBegun(
  db: Queryable,
  tenantId: string,
  entitlement: string,
  after: Date,
): Promise<Begun> {
  return onlyRow(
    await db.query<Begun>(
      `select coalesce(sum(n.micro_units), 0)::bigint as "microUnits", min(n.began_at) as "firstAt"
       from tenantry.reservation_need n join tenantry.reservation r on r.id = n.reservation_id
       where n.tenant_id = $1 and n.entitlement = $2 and n.kind = 'rate' and n.began_at > $3
         and r.outcome is distinct from 'released'`,
      [tenantId, entitlement, after],
    ),
  );
}

export async function closeReservation(
  db: Queryable,
  id: string,
  end: {
    readonly state: Exclude<ReservationState, 'open'>;
    readonly microUnits?: number;
    readonly costMicros?: number;
    readonly at: Date;
  },
): Promise<void> {
  await db.query(
    `update tenantry.reservation set outcome = $2, settled_micro_units = $3, settled_cost_micros = $4, closed_at = $5
     where id = $1 and outcome is null`,
    [id, end.state, end.microUnits ?? null, end.costMicros ?? null, end.at],
  );
}

/** Sums the tenant's open reservations of a meter, in millionths of its unit. */
export async function readOpen(db: Queryable, tenantId: string, meter: string, at: Date): Promise<number> {
  const row = onlyRow(
    await db.query<{ open: number }>(
      `select coalesce(sum(micro_units), 0)::bigint as open from tenantry.reservation
       where tenant_id = $1 and meter = $2 and outcome is null and expires_at > $3`,
      [tenantId, meter, at],
    ),
  );
  return row.open;
}

export async function listExpired(
  db: Queryable,
  at: Date,
  limit: number,
): Promise<Pick<Reservation, 'id' | 'tenantId'>[]> {
  const { rows } = await db.query<Pick<Reservation, 'id' | 'tenantId'>>(
    `select id, tenant_id as "tenantId" from tenantry.reservation where outcome is null and expires_at <= $1
     order by expires_at limit $2`,
    [at, limit],
  );
  return rows;
}

export async function deleteClosedBefore(db: Queryable, before: Date, limit: number): Promise<void> {
  await db.query(
    `delete from tenantry.reservation where id = any(array(
       select id from tenantry.reservation where outcome is not null and closed_at < $1 limit $2))`,
    [before, limit],
  );
}
