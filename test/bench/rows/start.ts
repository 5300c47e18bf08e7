/** How long `npm start` takes when tools and packages are there. */
import { startDefault } from '../installation.ts';
import type { Row } from '../row.ts';
import { duration, Samples, summarize } from '../samples.ts';

const targetMs = 12_000;

export const start: Row = {
  name: 'start',
  async run({ quick, folder, say, onEnd }) {
    const samples = new Samples();
    for (let round = 0; round < (quick ? 1 : 5); round += 1) {
      const home = await folder(`start-${round}`);
      for (const kind of ['fresh_home_ms', 'used_home_ms']) {
        const started = await startDefault({ home, onEnd });
        await started.stop();
        say(`start, ${kind.replace('_ms', '')}: ${duration(started.readyMs)}`);
        samples.add(kind, started.readyMs);
      }
    }
    const fresh = summarize(samples.of('fresh_home_ms'));
    const used = summarize(samples.of('used_home_ms'));
    const slowest = Math.max(fresh.max, used.max);
    return [
      {
        figure: 'npm start with warm caches, until /readyz (slowest)',
        measured: `${duration(slowest)} (p50 ${duration(fresh.p50)} fresh, ${duration(used.p50)} used)`,
        target: duration(targetMs),
        peer: '-',
        met: slowest <= targetMs,
        notes: [
          `${fresh.count} starts in a new home and ${used.count} in the same home again, from the start of the process that \`npm start\` runs until /readyz answers 200`,
        ],
        samples: samples.summaries(),
      },
    ];
  },
};
