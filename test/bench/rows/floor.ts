/** The engine operation alone, against applying the same objects without any engine. */
import { createRunnerPool } from '../../../automation/stacks/runners.ts';
import { purchases } from '../customer.ts';
import { adoptEnvironment } from '../env.ts';
import { freshSpec, manifestsOf, startFloor } from '../peers.ts';
import type { Row } from '../row.ts';
import { runnerSettings } from '../runner-settings.ts';
import { duration, Samples, summarize, timed } from '../samples.ts';

const targetTimes = 2.5;
const warmUps = 2;
const limits = { timeoutMs: 120_000, permitMs: 120_000 };

export const floor: Row = {
  name: 'floor',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    await installation.untilQuiet();
    // Runners inherit the environment: the engine finds its key service there.
    adoptEnvironment(installation.workerEnvironment);
    const runners = createRunnerPool({
      settings: await runnerSettings(installation),
      size: 1,
      operationsPerRunner: 1000,
    });
    installation.onEnd(() => runners.close());
    const apply = await startFloor(installation);
    const runner = await runners.acquire();
    const samples = new Samples();
    for (const [index, purchase] of purchases(warmUps + (quick ? 3 : 20)).entries()) {
      const spec = freshSpec(purchase);
      const init = await runner.run({ kind: 'init', tenantIds: [spec.tenantId] }, limits);
      const stackSettings = init.outcome === 'succeeded' && init.initialised?.[spec.tenantId];
      if (!stackSettings) throw new Error(JSON.stringify(init));
      const { result, ms } = await timed(() =>
        runner.run({ kind: 'up', spec, stackSettings, refresh: false }, limits),
      );
      if (result.outcome !== 'succeeded') throw new Error(JSON.stringify(result));
      const manifests = manifestsOf(freshSpec(purchase));
      const floorMs = await apply(manifests);
      say(
        `${purchase.product}/${purchase.plan}: ours ${duration(ms)}, kubectl ${duration(floorMs)} for ${manifests.length} objects`,
      );
      if (index < warmUps) continue;
      samples.add('ours_ms', ms);
      samples.add('kubectl_ms', floorMs);
    }
    const ours = summarize(samples.of('ours_ms'));
    const kubectl = summarize(samples.of('kubectl_ms'));
    const times = ours.p50 / kubectl.p50;
    return [
      {
        figure: 'cold engine operation over the floor (p50)',
        measured: `${times.toFixed(2)} times (${duration(ours.p50)})`,
        target: `at most ${targetTimes.toFixed(1)} times`,
        peer: `kubectl apply --server-side: ${duration(kubectl.p50)}`,
        met: times <= targetTimes,
        notes: [
          `${ours.count} pairs in turn; ours is one \`up\` in a warm runner on an initialised stack, and makes the tenant's role and schema in PostgreSQL too; kubectl gets the same Kubernetes objects in one list`,
        ],
        samples: samples.summaries(),
        values: { times },
      },
    ];
  },
};
