/** The cost of saying what a change of the tenant program does to ten thousand tenants. */
import { openFleet } from '../../../automation/preview/fleet/access.ts';
import { previewByEngine } from '../../../automation/preview/fleet/engine.ts';
import {
  defaultMaxPreviews,
  type FleetReport,
  previewFleet,
} from '../../../automation/preview/fleet/fleet.ts';
import { loadProgram } from '../../../automation/preview/fleet/program-version.ts';
import { startRehearsal } from '../../../automation/preview/fleet/rehearsal.ts';
import { sampleSpecs, standUp } from '../../../automation/preview/fleet/sample.ts';
import { multiply } from '../../preview/rows.ts';
import { thisRoot, variationOf } from '../../preview/variation.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize, timed } from '../samples.ts';

const targetMs = 60_000;
const engines = 2;

export const fleet: Row = {
  name: 'fleet',
  async run({ quick, onEnd, say }) {
    const env = process.env;
    const rehearsal = await startRehearsal({ env, onProgress: say });
    onEnd(rehearsal.close);
    const access = await openFleet(rehearsal.place, { env, engines, onProgress: say });
    onEnd(access.close);
    const specs = sampleSpecs({ id: rehearsal.place.cell, region: 'local' });
    const makers = await access.runners(thisRoot);
    await standUp(specs, { database: access.database, runners: makers, engines });
    await makers.close();
    const tenants = quick ? 1000 : 10_000;
    const share = Math.floor(tenants / specs.length);
    for (const [index, { tenantId }] of specs.entries()) {
      const rest = index === 0 ? tenants % specs.length : 0;
      await multiply(access.database, tenantId, share + rest - 1);
    }
    // Every tenant gets a label, and every volume another one.
    const head = await variationOf({
      'labels.ts': [["'tenantry.dev/plan': plan.id,", "'tenantry.dev/plan': plan.id, generation: '2',"]],
      'storage.ts': [["volumeClaimName = 'home'", "volumeClaimName = 'data'"]],
    });
    onEnd(head.remove);

    const samples = new Samples();
    let report: FleetReport | undefined;
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      const { ms } = await timed(async () => {
        const versions = { base: await loadProgram(thisRoot), head: await loadProgram(head.root) };
        const runners = await access.runners(head.root);
        report = await previewFleet({
          database: access.database,
          versions,
          previewTenant: previewByEngine(access.database, runners),
          cells: [rehearsal.place.cell],
          maxPreviews: defaultMaxPreviews,
          concurrency: engines,
          onProgress: () => {},
        });
        await Promise.all([versions.base.close(), versions.head.close(), runners.close()]);
      });
      samples.add('preview_ms', ms);
    }
    if (!report) throw new Error('nothing was previewed');
    const previewed = report.groups.filter(({ preview }) => preview.kind === 'previewed').length;
    const summary = summarize(samples.of('preview_ms'));
    return [
      {
        figure: `what a change does to ${report.tenants.toLocaleString('en-US')} tenants of five products`,
        measured: `${duration(summary.max)} (slowest of ${summary.count})`,
        target: duration(targetMs),
        peer: 'a preview of every tenant, one after another',
        met: summary.max <= targetMs && previewed === report.groups.length,
        notes: [
          `${report.shapes} shapes, ${report.groups.length} groups, ${previewed} previews by a real engine; ${engines} engines at once`,
          'From starting both versions of the program and the engines to the report: rows read from PostgreSQL, both versions declared and compared for each shape, one preview for each group',
        ],
        samples: samples.summaries(),
        values: { tenants: report.tenants, shapes: report.shapes, groups: report.groups.length },
      },
    ];
  },
};
