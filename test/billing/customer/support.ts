/** A customer of an API without workers: buys, and the test records what the workers would. */
import { syncSubscription } from '../../../automation/jobs/sync-subscription.ts';
import { markSubscription } from '../../../automation/store/subscriptions.ts';
import { jobContext } from '../../support/job-context.ts';
import type { Service } from '../../support/service.ts';

/** Records the subscription as the workers would. */
export async function synchronize(service: Service, id: string): Promise<void> {
  await markSubscription(service.database, id);
  await syncSubscription(
    jobContext({
      database: service.database,
      stripe: service.stripe,
      now: () => new Date(service.simulator.clock().now * 1000),
    }),
    id,
  );
}

/** Buys and pays; returns the subscription's id. */
export async function buy(
  service: Service,
  token: string,
  purchase: Readonly<Record<string, unknown>>,
): Promise<string> {
  const answer = await service.request('POST', '/v1/checkout', { token, body: purchase });
  if (answer.status !== 201) throw new Error(`checkout answered ${answer.status}: ${answer.text}`);
  const session = /cs_\w+/.exec((answer.body as { url: string }).url)?.[0] ?? '';
  const { subscription } = service.simulator.payCheckout(session);
  const id = String(subscription);
  await synchronize(service, id);
  return id;
}
