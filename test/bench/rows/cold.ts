/** From a signed webhook to an active tenant, with nothing prepared but an initialised stack; one at a time. */
import { objectChecker, pay, provision, purchases, watchTenants } from '../customer.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize } from '../samples.ts';

const targetP50Ms = 900;
const targetP99Ms = 1300;
/** One for each runner process: its first operation compiles what the later ones run. */
const warmUps = 3;

export const cold: Row = {
  name: 'cold',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const checkObjects = objectChecker(installation);
    const samples = new Samples();
    const count = quick ? 5 : 50;
    let checked = 0;
    let first = 0;
    for (const [index, purchase] of purchases(warmUps + count).entries()) {
      await installation.untilQuiet();
      const payment = await pay(installation, purchase);
      const { tenant, ms } = await provision(installation, watch, payment);
      checked += await checkObjects(tenant);
      say(`cold ${purchase.product}/${purchase.plan}: ${duration(ms)}`);
      if (index === 0) first = ms;
      if (index < warmUps) continue;
      samples.add('all_ms', ms);
      samples.add(`${purchase.product}_ms`, ms);
    }
    const all = summarize(samples.of('all_ms'));
    const byProduct = Object.entries(samples.summaries())
      .filter(([name]) => name !== 'all_ms')
      .map(([name, { p50, p99 }]) => `${name.replace('_ms', '')} ${duration(p50)} / ${duration(p99)}`);
    return [
      {
        figure: 'webhook to active tenant, cold, one at a time (p50 / p99)',
        measured: `${duration(all.p50)} / ${duration(all.p99)}`,
        target: `${duration(targetP50Ms)} / ${duration(targetP99Ms)}`,
        peer: 'none publishes one',
        met: all.p50 <= targetP50Ms && all.p99 <= targetP99Ms,
        notes: [
          `${all.count} tenants, plans of all five products in turn; each begins when the one before has settled`,
          "Timed from just before the payment's webhooks (all that Stripe sends, signed, at once) are sent until GET /v1/tenants/{id} answers active.",
          `Every object of each tenant was then read from the Kubernetes API, outside the time: ${checked} answered 200.`,
          `By product (p50 / p99): ${byProduct.join(', ')}`,
          `Left out: ${warmUps} tenants that warm the runners; the very first after npm start took ${duration(first)}`,
        ],
        samples: samples.summaries(),
        values: { first_after_start_ms: first, objects_checked: checked },
      },
    ];
  },
};
