/** `tenantry cancel <tenant>`: ends its subscription. */
import { getTenant, type Tenant } from '../../api/client/index.ts';
import { confirm } from '../confirm.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { tenantId } from '../tenant-id.ts';
import { time } from '../text/table.ts';
import { sinceLine } from '../text/timeline.ts';
import { waitForTenant } from '../wait.ts';
import { endSubscription } from './billing.ts';
import { readTimeline } from './tenant.ts';

export interface CancelOptions extends Identity {
  /** Ends it at once, instead of with the period that is paid. */
  now?: boolean;
  /** Does not ask for confirmation. */
  yes?: boolean;
  wait?: boolean;
  /** Seconds; default two minutes. */
  timeout?: number;
}

const defaultTimeoutS = 120;

export async function cancel(
  connection: Connection,
  output: Output,
  id: string,
  options: CancelOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const path = { id: tenantId(id) };
  const before = await getTenant({ client, path });
  const { subscription } = before;
  if (subscription === null)
    throw new CliProblem(exitCodes.failed, 'no_subscription', `Tenant ${id} has no subscription to cancel.`);
  if (options.now && subscription.status !== 'canceled') {
    const end = subscription.currentPeriodEnd;
    await confirm({
      ...options,
      option: '--now',
      question: `End tenant ${id} at once${end ? `, though it is paid until ${time(end)}` : ''}?`,
      otherwise: 'Nothing was cancelled.',
    });
  }
  const known = await readTimeline(client, id);
  const cancelledAtMs = Date.now();
  if (subscription.status === 'canceled') output.progress('The subscription is already cancelled.');
  else {
    const when = options.now ? 'now' : 'period_end';
    const { status } = await endSubscription(client, subscription.id, when);
    output.progress(`The subscription ${options.now ? `is ${status}` : 'ends with its period'}`);
  }
  const isDone = (tenant: Tenant) => hasEnded(tenant, !options.now);
  const after = options.wait
    ? await waitForTenant(client, id, {
        isDone,
        after: known.at(-1)?.id ?? 0,
        onEntry: (entry) => output.progress(sinceLine(entry, cancelledAtMs)),
        deadlineMs: cancelledAtMs + (options.timeout ?? defaultTimeoutS) * 1000,
        wanted: 'cancelled',
      })
    : await getTenant({ client, path });
  output.result(after, () => cancelText(after, options));
}

/** Whether the service knows of the cancellation and has done what it demands at once. */
function hasEnded({ desired, observed, subscription }: Tenant, atPeriodEnd: boolean): boolean {
  if (atPeriodEnd && subscription?.cancelAtPeriodEnd) return true;
  return desired.state !== 'active' && observed.generation === desired.generation;
}

function cancelText({ id, phase, subscription, deleteAfter }: Tenant, options: CancelOptions): string {
  if (!options.now && subscription?.status !== 'canceled') {
    const end = subscription?.currentPeriodEnd;
    return `Tenant ${id} stays until its subscription ends${end ? `, ${time(end)}` : ''}.`;
  }
  if (!options.wait) return `Cancelled. Follow the tenant with: npm run -s tenantry -- tenant ${id}`;
  const kept =
    deleteAfter === null || phase === 'deleted' ? '' : `; its data is kept until ${time(deleteAfter)}`;
  return `Tenant ${id} is ${phase}${kept}.`;
}
