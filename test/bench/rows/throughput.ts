/** Tenants per second when four customers buy one after another. */
import {
  inTurns,
  objectChecker,
  type Payment,
  pay,
  provision,
  purchases,
  watchTenants,
} from '../customer.ts';
import { megabytes, watchMemory } from '../memory.ts';
import { freshSpec, startUsualWay } from '../peers.ts';
import type { Row } from '../row.ts';
import { duration, summarize } from '../samples.ts';

const targetPerSecond = 2.0;
const targetTimes = 2.4;
const atOnce = 4;

export const throughput: Row = {
  name: 'throughput',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const checkObjects = objectChecker(installation);
    const count = quick ? 8 : 40;

    await installation.untilQuiet();
    await warmUp(await Promise.all(purchases(atOnce).map((purchase) => pay(installation, purchase))));
    const payments: Payment[] = [];
    for (const purchase of purchases(count)) payments.push(await pay(installation, purchase));
    await installation.untilQuiet();
    const memory = watchMemory(installation.processIds);
    const begun = performance.now();
    const latencies: number[] = [];
    const tenants = await inTurns(atOnce, payments, async (payment) => {
      const { tenant, ms } = await provision(installation, watch, payment);
      latencies.push(ms);
      return tenant;
    });
    const oursMs = performance.now() - begun;
    const peak = await memory.stop();
    await installation.untilQuiet();
    const refilledMs = performance.now() - begun;
    for (const tenant of tenants) await checkObjects(tenant);
    const oursPerSecond = (count * 1000) / oursMs;
    say(`ours: ${oursPerSecond.toFixed(2)} tenants per second`);

    const usual = await startUsualWay(installation);
    await inTurns(atOnce, purchases(atOnce), (purchase) => usual.provision(freshSpec(purchase)));
    const usualBegun = performance.now();
    await inTurns(atOnce, purchases(count), (purchase) => usual.provision(freshSpec(purchase)));
    const usualPerSecond = (count * 1000) / (performance.now() - usualBegun);
    say(`the usual way: ${usualPerSecond.toFixed(2)} tenants per second`);

    const times = oursPerSecond / usualPerSecond;
    const latency = summarize(latencies);
    return [
      {
        figure: `tenants per second, ${atOnce} at a time`,
        measured: `${oursPerSecond.toFixed(2)}, ${times.toFixed(2)} times the usual way`,
        target: `${targetPerSecond.toFixed(1)}, ${targetTimes.toFixed(1)} times`,
        peer: `createOrSelectStack + up: ${usualPerSecond.toFixed(2)}`,
        met: oursPerSecond >= targetPerSecond && times >= targetTimes,
        notes: [
          `${count} tenants of all products through webhooks; ${atOnce} customers, each pays when the tenant before is active (p50 ${duration(latency.p50)}, p99 ${duration(latency.p99)})`,
          `All find a stack initialised ahead. With the reserve refilled as well: ${((count * 1000) / refilledMs).toFixed(2)} tenants per second`,
          `The usual way runs ${atOnce} ups at once in one process, with Pulumi’s own CLI; both sides had ${atOnce} tenants to warm up`,
        ],
        samples: { ours_ms: latency },
        values: { ours_per_second: oursPerSecond, usual_way_per_second: usualPerSecond, times },
      },
      {
        figure: `memory of service, worker, runners and engines, ${atOnce} tenants at a time`,
        measured: `${megabytes(peak.pssBytes)} MB (RSS ${megabytes(peak.rssBytes)} MB)`,
        target: '-',
        peer: '-',
        met: null,
        notes: [`peak of the sums over up to ${peak.processes} processes; PSS counts a shared page once`],
        samples: {},
        values: { pss_bytes: peak.pssBytes, rss_bytes: peak.rssBytes, processes: peak.processes },
      },
    ];

    async function warmUp(warming: readonly Payment[]): Promise<void> {
      await Promise.all(warming.map((payment) => provision(installation, watch, payment)));
    }
  },
};
