import { countApiCost, operateLedger, withdrawCall } from '../ledger/index.ts';
import { findDimension, toldAs, type UsageEvent, writeEvents } from '../metering/index.ts';
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

/** The end of a reservation: settled, released, or expired when nobody did either. */

export interface Settled {
  readonly reservation: Reservation;
  /** It was ended so before; nothing changed. */
  readonly repeated: boolean;
}

/** Tells of settled uses to the meters, under the reservations' ids. */
const source = 'tenantry:reservation';

/**
 * Counts what a reserved use came to, once: it is told to the meter, its credits are captured and its cost is counted,
 * what is left of each is given back. All of it is one transaction under the lock of the tenant's reservations, so a
 * limit sees the use either as held or as used.
 * @param used.amount in the meter's unit; when left out the cost where the meter counts that, else all that was reserved
 * @param used.costMicros what its API calls cost, also beyond what was set aside; the amount's part of that when left out
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
      if (!isSame) throw new CheckProblem('cause_reused', 'reservation', 'was settled before, otherwise');
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
    if (costMicros !== null) await countCost(client, reservation, costMicros, at);
    // Last, as all tellers of an hour wait for each other here.
    if (event) await tell(client, event);
    return { reservation: await foundAgain(client, tenantId, id), repeated: false };
  });
}

/** Gives back all that was reserved for a use that did not take place. @throws CheckProblem */
export function releaseUse(database: Database, tenantId: string, id: string, at: Date): Promise<Settled> {
  return database.transaction(async (client) => {
    const reservation = await lockReservation(client, tenantId, id);
    if (reservation.state === 'released') return { reservation, repeated: true };
    assertOpen(reservation, at);
    await giveBack(client, reservation, 'released', at);
    return { reservation: await foundAgain(client, tenantId, id), repeated: false };
  });
}

/** How long a reservation is remembered by its key after its end: as long as its event of use is by its id. */
const rememberedMs = 35 * 24 * 3_600_000;

/**
 * Gives back what was reserved and neither settled nor released in time, whoever made it and whatever became of them.
 * Such a reservation counts no more from the moment it expires; this returns its credits and budget.
 */
export async function expireReservations(database: Database, at: Date, limit: number): Promise<number> {
  let expired = 0;
  for (const { id, tenantId } of await listExpired(database, at, limit)) {
    await database.transaction(async (client) => {
      const reservation = await lockReservation(client, tenantId, id);
      // Somebody may have ended it meanwhile.
      if (reservation.state !== 'open') return;
      await giveBack(client, reservation, 'expired', at);
      expired += 1;
    });
  }
  await deleteClosedBefore(database, new Date(at.getTime() - rememberedMs), limit);
  return expired;
}

/** What a use came to, in millionths. Money that was spent counts also beyond what was reserved. */
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

/** The greatest amount of micro-dollars that a meter counts at once. */
const mostMeteredMicros = Math.floor(Number.MAX_SAFE_INTEGER / microsPerUnit);

async function lockReservation(client: Queryable, tenantId: string, id: string): Promise<Reservation> {
  await lockReservations(client, tenantId);
  const reservation = await findReservation(client, tenantId, id);
  if (!reservation) throw new CheckProblem('not_found', 'reservation', 'names none of this tenant');
  return reservation;
}

async function foundAgain(client: Queryable, tenantId: string, id: string): Promise<Reservation> {
  const reservation = await findReservation(client, tenantId, id);
  if (!reservation) throw new Error(`reservation ${id} is gone`);
  return reservation;
}

const tellInstead = '; tell what was used by POST /v1/usage';

function assertOpen({ state, expiresAt }: Reservation, at: Date): void {
  if (state === 'open' && expiresAt > at) return;
  const end =
    state === 'open' || state === 'expired' ? `expired at ${expiresAt.toISOString()}` : `was ${state}`;
  const advice = end.startsWith('expired') ? tellInstead : '';
  throw new CheckProblem('hold_closed', 'reservation', `${end}${advice}`);
}

/** What the meter is told of a use; null where there is nothing to tell. */
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
    // Of what there is at once the meter wants the most: all that is open, this use among them.
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
    throw new CheckProblem('hold_closed', 'reservation', `has no credits on hold any more${tellInstead}`);
  if (outcome !== 'done') throw new Error(`the ledger answers the end of hold ${id} with ${outcome}`);
}

/** What a use that came to a part of what was reserved takes of what was set aside: that part, rounded up. */
function partOf(setAside: number, { microUnits: reserved }: Reservation, microUnits: number): number {
  return Number((BigInt(setAside) * BigInt(microUnits) + BigInt(reserved) - 1n) / BigInt(reserved));
}

async function countCost(
  client: Queryable,
  { id, tenantId }: Reservation,
  costMicros: number,
  at: Date,
): Promise<void> {
  const tenant = await findTenant(client, tenantId);
  if (!tenant) throw new Error(`tenant ${tenantId} is gone`);
  const braked = { id: tenantId, product: tenant.product, plan: tenant.desiredSpec.plan };
  if (costMicros === 0) await withdrawCall(client, tenantId, id);
  else await countApiCost(client, braked, apiCallOf(id, at), costMicros);
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
    // The ledger gives holds back by itself, too, when their time is over.
    if (!['done', 'repeated', 'hold_closed'].includes(outcome))
      throw new Error(`the ledger answers the end of hold ${id} with ${outcome}`);
  }
  if (costMicros !== null) await withdrawCall(client, tenantId, id);
}
