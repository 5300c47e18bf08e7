/** Time to active against a handler that calls the Automation API with its default options. */
import { pay, provision, purchases, watchTenants } from '../customer.ts';
import { freshSpec, startUsualWay } from '../peers.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize } from '../samples.ts';

const targetTimesFaster = 2.5;
const warmUps = 3;

export const usualWay: Row = {
  name: 'usual-way',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const usual = await startUsualWay(installation);
    const samples = new Samples();
    for (const [index, purchase] of purchases(warmUps + (quick ? 3 : 20)).entries()) {
      await installation.untilQuiet();
      const { ms } = await provision(installation, watch, await pay(installation, purchase));
      await installation.untilQuiet();
      const usualMs = await usual.provision(freshSpec(purchase));
      say(`${purchase.product}/${purchase.plan}: ours ${duration(ms)}, the usual way ${duration(usualMs)}`);
      if (index < warmUps) continue;
      samples.add('ours_ms', ms);
      samples.add('usual_way_ms', usualMs);
    }
    const ours = summarize(samples.of('ours_ms'));
    const theirs = summarize(samples.of('usual_way_ms'));
    const timesFaster = theirs.p50 / ours.p50;
    return [
      {
        figure: 'time to active against the usual way (p50)',
        measured: `${timesFaster.toFixed(2)} times faster (${duration(ours.p50)})`,
        target: `${targetTimesFaster.toFixed(1)} times`,
        peer: `createOrSelectStack + up: ${duration(theirs.p50)}`,
        met: timesFaster >= targetTimesFaster,
        notes: [
          `${ours.count} pairs in turn, same products, plans, program, providers, cluster and secrets provider`,
          'Ours is timed as the cold row. The usual way is timed from the call of the handler to the end of `up`, in a process with SDKs loaded and providers served; its webhook, its look at Stripe and its database cost nothing here. Of our engine settings it has only the two that a machine without downloads needs (no plugin acquisition, no update check) and our secrets provider, as the usual passphrase is slower. It runs Pulumi’s own CLI; what we run instead is told in docs/engine.md.',
        ],
        samples: samples.summaries(),
        values: { times_faster: timesFaster },
      },
    ];
  },
};
