/** The preview of production without an account: the whole program on the real engine, as `npm run preview` has it. */
import { previewPlatform } from '../../../automation/preview/platform.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize, timed } from '../samples.ts';

const targetMs = 15_000;
const stack = 'prod';

export const preview: Row = {
  name: 'preview',
  async run({ quick, say }) {
    const samples = new Samples();
    const once = async (name: string) => {
      const { result, ms } = await timed(() =>
        previewPlatform({ stack, providers: 'simulated', checkRules: true }),
      );
      if (result.diagnostics.length > 0) throw new Error(JSON.stringify(result.diagnostics));
      say(`${name}: ${result.steps.length} resources in ${duration(ms)}`);
      return { ms, resources: result.steps.length };
    };
    // Finds the engine and leaves the program's modules compiled.
    const first = await once('first');
    for (let n = 0; n < (quick ? 1 : 5); n += 1) samples.add('warm_ms', (await once('warm')).ms);
    const warm = summarize(samples.of('warm_ms'));
    return [
      {
        figure: `preview of ${stack} without an account, warm (p50 / slowest)`,
        measured: `${duration(warm.p50)} / ${duration(warm.max)}`,
        target: `below ${targetMs / 1000} s`,
        peer: 'none previews without an account',
        met: warm.max < targetMs,
        notes: [
          `${warm.count} previews of ${first.resources} resources, one after another, each from a state of its own; the rules of the policy are applied to every one`,
          `Left out: the first, which took ${duration(first.ms)}`,
        ],
        samples: samples.summaries(),
        values: { first_ms: first.ms, resources: first.resources },
      },
    ];
  },
};
