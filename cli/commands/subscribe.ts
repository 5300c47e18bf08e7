/** `tenantry subscribe <product> <plan>`: from the choice of a plan to an active tenant, as a customer does it. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  createCheckout,
  listProducts,
  listTenants,
  type Tenant,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { isSimulated, paySimulated } from '../stripe-account.ts';
import { price } from '../text/products.ts';
import { duration, fields } from '../text/table.ts';
import { objectsText, runsText } from '../text/tenants.ts';
import { sinceLine } from '../text/timeline.ts';
import { waitForTenant } from '../wait.ts';

export interface SubscribeOptions extends Identity {
  as: string;
  slug?: string;
  seats?: number;
  region?: string;
  /** Begins with the plan's free trial. */
  trial?: boolean;
  /** A promotion code. */
  code?: string;
  /** false: returns once paid. */
  wait: boolean;
  /** Pays with a card that is declined. */
  decline?: boolean;
  /** Seconds; default two minutes, a quarter of an hour where a person pays on Stripe's page. */
  timeout?: number;
}

const simulatedTimeoutS = 120;
const personTimeoutS = 900;

export async function subscribe(
  connection: Connection,
  output: Output,
  productId: string,
  planId: string,
  options: SubscribeOptions,
): Promise<void> {
  await assertForSale(connection.client, productId, planId);
  const simulated = await isSimulated(connection);
  if (options.decline && !simulated)
    throw new CliProblem(
      exitCodes.usage,
      'not_simulated',
      '--decline is for simulated payments; this is a real Stripe.',
    );
  const client = await clientAs(connection, options);
  const { slug, seats, region, trial, code } = options;
  const request = {
    product: productId,
    plan: planId,
    ...(slug !== undefined && { slug }),
    ...(seats !== undefined && { seats }),
    ...(region !== undefined && { region }),
    ...(trial && { trial }),
    ...(code !== undefined && { promotionCode: code }),
  };
  const checkout = await createCheckout({ client, body: request });
  output.progress(`${options.as} subscribes to ${productId} ${planId}`);

  const paidAtMs = Date.now();
  if (simulated) {
    const decline = options.decline ? { decline: true } : {};
    await paySimulated(connection, checkout.url, { email: options.as, ...decline });
    output.progress(`${'+0.000 s'.padStart(9)}  Paid (simulated)`);
  } else output.progress(`Pay here: ${checkout.url}`);
  if (!options.wait)
    return output.result({ checkout, elapsedMs: null, settledMs: null, tenant: null }, () =>
      simulated
        ? `Paid. The tenant comes up: npm run -s tenantry -- tenants --as ${options.as}`
        : checkout.url,
    );

  const deadlineMs =
    Date.now() + (options.timeout ?? (simulated ? simulatedTimeoutS : personTimeoutS)) * 1000;
  const { id, requestedAt } = await tenantOfCheckout(client, checkout.id, { deadlineMs, simulated });
  const sinceMs = simulated || requestedAt === null ? paidAtMs : Date.parse(requestedAt);
  const tenant = await waitForTenant(client, id, {
    isDone: (now) => now.phase === 'active' && now.observed.generation === now.desired.generation,
    // A tenant prepared in advance has a history.
    onEntry: (entry) => {
      if (Date.parse(entry.at) >= sinceMs) output.progress(sinceLine(entry, sinceMs));
    },
    deadlineMs,
    wanted: 'active',
  });
  const elapsedMs = elapsed(tenant, sinceMs);
  const settledMs = Date.now() - sinceMs;
  output.result({ checkout, elapsedMs, settledMs, tenant }, () =>
    provisionedText(tenant, elapsedMs, settledMs),
  );
}

async function assertForSale(client: Client, productId: string, planId: string): Promise<void> {
  const { products } = await listProducts({ client });
  const product = products.find(({ id }) => id === productId);
  if (!product)
    throw new CliProblem(
      exitCodes.usage,
      'unknown_product',
      `There is no product "${productId}". Products: ${products.map(({ id }) => id).join(', ')}.`,
    );
  const plan = product.plans.find(({ id }) => id === planId);
  const plans = product.plans.map((known) => `${known.id} (${price(known)})`).join(', ');
  if (!plan)
    throw new CliProblem(
      exitCodes.usage,
      'unknown_plan',
      `${productId} has no plan "${planId}". Plans: ${plans}.`,
    );
  if (plan.price.kind === 'custom')
    throw new CliProblem(
      exitCodes.usage,
      'plan_not_for_sale',
      `${productId} ${planId} is agreed by hand and not for sale here. Plans: ${plans}.`,
    );
}

/**
 * The tenant of a checkout, as soon as there is one.
 * @throws CliProblem with the service's reason when there will be none as it is, `timeout` when the deadline passes
 *   first
 */
async function tenantOfCheckout(
  client: Client,
  checkoutId: string,
  { deadlineMs, simulated }: { deadlineMs: number; simulated: boolean },
): Promise<Tenant> {
  while (Date.now() < deadlineMs) {
    const { tenants, reason } = await listTenants({ client, query: { checkout: checkoutId } });
    if (tenants[0]) return tenants[0];
    if (reason) throw new CliProblem(exitCodes.tenantFailed, reason.code, reason.message);
    await delay(simulated ? 25 : 1000);
  }
  throw new CliProblem(
    exitCodes.failed,
    'timeout',
    simulated
      ? 'The payment went through, but no tenant appeared in the time given: does the worker run? Its log is in the home of Tenantry.'
      : 'No payment arrived in the time given; the page to pay at stays open, and the tenant comes up once it is paid.',
  );
}

/** From the payment to active, by the service's clock, which is this machine's. */
function elapsed({ activeAt }: Tenant, sinceMs: number): number {
  const measuredMs = activeAt === null ? -1 : Date.parse(activeAt) - sinceMs;
  return measuredMs >= 0 ? measuredMs : Date.now() - sinceMs;
}

function provisionedText(tenant: Tenant, elapsedMs: number, settledMs: number): string {
  // A tenant prepared in advance is usable at once, and then brought to its plan.
  const later =
    tenant.observed.generation > 1 ? ` (and exactly as its plan says after ${duration(settledMs)})` : '';
  return [
    `Provisioned ${duration(elapsedMs)} after the payment${later}.`,
    fields([
      ['tenant', tenant.id],
      ['namespace', tenant.namespace],
      ['runs', runsText(tenant, Date.now())],
      ['service', tenant.outputs?.serviceUrl ?? null],
      ['objects', objectsText(tenant)],
    ]),
    '',
    `All of it: npm run -s tenantry -- tenant ${tenant.id}`,
  ].join('\n');
}
