import { countApiCost, operateLedger, withdrawCall } from '../ledger/index.ts';
import { findDimension, toldAs, type UsageEvent, writeEvents } from '../metering/index.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import type { Database, Queryable } from '../store/database.ts';
import { findTenant } from '../store/tenants.ts';
import { CheckProblem } from './refusal.ts';
import {
  closeReservation,
  deleteClosedBefore,
  findReservation,
  listExpired,
  lockReservations,
  type Reservation,
  readOpen,
} from './reservation-rows.ts';
import { apiCallOf } from './reserve.ts';
import { microsPerUnit } from './standing.ts';

/** A reservation ends settled, released, or expired when nobody does either. */

export interface Settled {
  readonly reservation: Reservation;
  /** True when it had already ended this way; nothing changed. */
  readonly repeated: boolean;
}

/** The source of the events that settled reservations report to the meters; their ids are the reservations'. */
const source = 'tenantry:reservation';

/**
 * Settles a reserved use, once: reports it to the meter, captures its credits, counts its cost and releases the rest. All
 * of it is one transaction under the lock of the tenant's reservations, so a limit sees the use as either held or used.
 * @param used.amount in the meter's unit; when left out, the cost if the meter counts costs, else everything reserved
 * @param used.costMicros what the use's API calls cost, which may exceed what was held; when left out, the part of it that
 *   corresponds to the amount
 * @throws CheckProblem
 */
export function settleUse(
  database: Database,
  tenantId: string,
  id: string,
  used: { readonly amount?: number; readonly costMicros?: number },
  at: Date,
): Promise<Settled> {
  return database.transaction(async (client) => {
    const reservation = await lockReservation(client, tenantId, id);
    const microUnits = microUnitsUsed(reservation, used);
    const costMicros =
      reservation.costMicros === null
        ? null
        : (used.costMicros ?? partOf(reservation.costMicros, reservation, microUnits));
    if (reservation.state === 'settled') {
      const isSame =
        reservation.settledMicroUnits === microUnits && reservation.settledCostMicros === costMicros;
      if (!isSame)
        throw new CheckProblem('cause_reused', 'reservation', 'was settled before with other amounts');
      return { reservation, repeated: true };
    }
    assertOpen(reservation, at);
    if (used.amount !== undefined && microUnits > reservation.microUnits)
      throw new CheckProblem('invalid_request', 'amount', 'must be at most what was reserved');
    if (used.costMicros !== undefined && reservation.costMicros === null)
      throw new CheckProblem('invalid_request', 'costMicros', 'must be left out: no API budget was reserved');
    const event = await eventOf(client, reservation, microUnits, at);
    await closeReservation(client, id, {
      state: 'settled',
      microUnits,
      ...(costMicros !== null && { costMicros }),
      at,
    });
    await settleCredits(client, reservation, microUnits);
    const alerts = costMicros === null ? [] : await countCost(client, reservation, costMicros, at);
    // Late, because all writers of one hour's events wait for each other here; the trail is last in the order of locks.
    if (event) await tell(client, event);
    await record(client, ...alerts);
    return { reservation: await foundAgain(client, tenantId, id), repeated: false };
  });
}

/** Releases a reservation whose use did not take place. @throws CheckProblem */
export function releaseUse(database: Database, tenantId: string, id: string, at: Date): Promise<Settled> {
  return database.transaction(async (client) => {
    const reservation = await lockReservation(client, tenantId, id);
    if (reservation.state === 'released') return { reservation, repeated: true };
    assertOpen(reservation, at);
    await giveBack(client, reservation, 'released', at);
    return { reservation: await foundAgain(client, tenantId, id), repeated: false };
  });
}

/** How long an ended reservation is kept, and with it its key: as long as metering keeps the ids of events. */
const rememberedMs = 35 * 24 * 3_600_000;

/**
 * Returns the credits and budget of reservations that nobody settled or released in time. An expired reservation stops
 * counting against limits by itself.
 */
export async function expireReservations(database: Database, at: Date, limit: number): Promise<number> {
  let expired = 0;
  for (const { id, tenantId } of await listExpired(database, at, limit)) {
    await database.transaction(async (client) => {
      const reservation = await lockReservation(client, tenantId, id);
      // Its caller may have ended it meanwhile.
      if (reservation.state !== 'open') return;
      await giveBack(client, reservation, 'expired', at);
      expired += 1;
    });
  }
  await deleteClosedBefore(database, new Date(at.getTime() - rememberedMs), limit);
  return expired;
}

/** How much was used, in millionths. Money that was spent counts even beyond what was reserved. */
function microUnitsUsed(
  { meter, microUnits }: Reservation,
  { amount, costMicros }: Parameters<typeof settleUse>[3],
): number {
  if (amount !== undefined) return Math.round(amount * microsPerUnit);
  const countsCost = meter !== null && findDimension(meter)?.dimension.unit === 'micro-dollar';
  if (costMicros === undefined || !countsCost) return microUnits;
  if (costMicros > mostMeteredMicros)
    throw new CheckProblem('invalid_request', 'costMicros', `must be at most ${mostMeteredMicros}`);
  return costMicros * microsPerUnit;
}

/** Most micro-dollars that a meter can count in one event. */
const mostMeteredMicros = Math.floor(Number.MAX_SAFE_INTEGER / microsPerUnit);

async function lockReservation(client: Queryable, tenantId: string, id: string): Promise<Reservation> {
  await lockReservations(client, tenantId);
  const reservation = await findReservation(client, tenantId, id);
  if (!reservation) throw new CheckProblem('not_found', 'reservation', 'is none of this tenant');
  return reservation;
}

async function foundAgain(client: Queryable, tenantId: string, id: string): Promise<Reservation> {
  const reservation = await findReservation(client, tenantId, id);
  if (!reservation) throw new Error(`reservation ${id} is gone`);
  return reservation;
}

const reportInstead = '; report what was used with POST /v1/usage';

function assertOpen({ state, expiresAt }: Reservation, at: Date): void {
  if (state === 'open' && expiresAt > at) return;
  const end =
    state === 'open' || state === 'expired' ? `expired at ${expiresAt.toISOString()}` : `was ${state}`;
  const advice = end.startsWith('expired') ? reportInstead : '';
  throw new CheckProblem('hold_closed', 'reservation', `${end}${advice}`);
}

/** The event that the meter gets for a use; null where there is nothing to report. */
async function eventOf(
  client: Queryable,
  { id, tenantId, meter }: Reservation,
  microUnits: number,
  at: Date,
): Promise<UsageEvent | null> {
  const dimension = meter === null ? undefined : findDimension(meter)?.dimension;
  if (!dimension || microUnits === 0) return null;
  const isLevel = toldAs(dimension) !== 'count';
  return {
    tenantId,
    source,
    id,
    dimension: dimension.id,
    at,
    // A meter of a level or a peak wants everything that is open at once, this use included.
    microUnits: isLevel ? await readOpen(client, tenantId, dimension.id, at) : microUnits,
    isLevel,
  };
}

async function tell(client: Queryable, event: UsageEvent): Promise<void> {
  const [outcome] = await writeEvents(client, [event]);
  if (outcome !== 'accepted') throw new Error(`the use of reservation ${event.id} was told before`);
}

async function settleCredits(client: Queryable, reservation: Reservation, microUnits: number): Promise<void> {
  const { id, tenantId, credits } = reservation;
  if (credits === null) return;
  const amount = Math.min(credits, partOf(credits, reservation, microUnits));
  const operation =
    amount === 0
      ? ({ op: 'release', tenant: tenantId, cause: id, hold: id } as const)
      : ({ op: 'capture', tenant: tenantId, cause: id, amount, hold: id } as const);
  const { outcome } = await operateLedger(client, operation);
  if (outcome === 'hold_closed')
    throw new CheckProblem('hold_closed', 'reservation', `no longer holds its credits${reportInstead}`);
  if (outcome !== 'done') throw new Error(`the ledger answers the end of hold ${id} with ${outcome}`);
}

/** The share of `held` that corresponds to `microUnits` of the reserved amount, rounded up. */
function partOf(held: number, { microUnits: reserved }: Reservation, microUnits: number): number {
  return Number((BigInt(held) * BigInt(microUnits) + BigInt(reserved) - 1n) / BigInt(reserved));
}

/** @returns what to record */
async function countCost(
  client: Queryable,
  { id, tenantId }: Reservation,
  costMicros: number,
  at: Date,
): Promise<readonly NewAuditEntry[]> {
  const tenant = await findTenant(client, tenantId);
  if (!tenant) throw new Error(`tenant ${tenantId} is gone`);
  const braked = { id: tenantId, product: tenant.product, plan: tenant.desiredSpec.plan };
  if (costMicros > 0) return (await countApiCost(client, braked, apiCallOf(id, at), costMicros)).alerts;
  await withdrawCall(client, tenantId, id);
  return [];
}

async function giveBack(
  client: Queryable,
  { id, tenantId, credits, costMicros }: Reservation,
  state: 'released' | 'expired',
  at: Date,
): Promise<void> {
  await closeReservation(client, id, { state, at });
  if (credits !== null) {
    const { outcome } = await operateLedger(client, { op: 'release', tenant: tenantId, cause: id, hold: id });
    // The ledger may have released the hold already, when its time was over.
    if (!['done', 'repeated', 'hold_closed'].includes(outcome))
      throw new Error(`the ledger answers the end of hold ${id} with ${outcome}`);
  }
  if (costMicros !== null) await withdrawCall(client, tenantId, id);
}
