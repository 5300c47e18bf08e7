/** Heals findings, always by ringing an ordinary job, which looks and decides for itself. */
import { reportUsage } from '../metering/index.ts';
import type { Cell } from '../store/cells.ts';
import type { Queryable } from '../store/database.ts';
import { ringReplenish } from '../store/stacks.ts';
import { markSubscription } from '../store/subscriptions.ts';
import { resetFailure, ringTenant } from '../store/tenants.ts';
import { withTurn } from '../store/turns.ts';
import type { ReconcileContext } from './context.ts';
import { dropReservation, forgetLook } from './healing.ts';
import { factsOf, type Observation } from './kinds.ts';

/** Reports missing usage, as metering does. */
export async function reportUsageAgain(context: ReconcileContext): Promise<void> {
  const { database, workerId, jobs, log } = context;
  const turn = { name: 'usage-accounts', holder: workerId, ttlMs: jobs.leaseTtlMs };
  const onError = (error: unknown, of: object) =>
    log.error({ error, ...of }, 'cannot report usage to Stripe');
  await withTurn(database, turn, () => reportUsage({ ...context, onError }));
}

/** Call it in a transaction. Does nothing about findings that need an operator. */
export async function heal(
  client: Queryable,
  cell: Cell,
  {
    kind,
    tenantId,
    subscriptionId,
    data,
  }: Pick<Observation, 'kind' | 'tenantId' | 'subscriptionId' | 'data'>,
): Promise<void> {
  const ring = async (id: string) => ringTenant(client, { id, cell: cell.id });
  switch (factsOf(kind).heals) {
    case 'sync':
      if (subscriptionId !== null) await markSubscription(client, subscriptionId);
      break;
    case 'ring':
      if (tenantId !== null) await ring(tenantId);
      break;
    case 'make-again':
      if (tenantId === null) break;
      await forgetLook(client, tenantId);
      await ring(tenantId);
      break;
    case 'retry':
      if (tenantId === null) break;
      await resetFailure(client, tenantId);
      await ring(tenantId);
      break;
    case 'reserve-again':
      if (typeof data.reserved === 'string' && (await dropReservation(client, data.reserved)))
        await ringReplenish(client, cell.id);
      break;
    // `removeLeftObject` does it outside of the transaction.
    case 'remove-object':
    // `reportUsageAgain` reports all usage at once.
    case 'report-usage':
    case null:
      break;
  }
}
