/** How long `npm start` takes in a fresh clone with every cache empty and every tool built from source. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startDefault } from '../installation.ts';
import type { Row } from '../row.ts';

const run = promisify(execFile);
const targetMs = 15 * 60_000;

export const fromNothing: Row = {
  name: 'from-nothing',
  onDemand: true,
  async run({ folder, say, onEnd }) {
    const root = await folder('from-nothing');
    const clone = join(root, 'clone');
    await run('git', ['clone', '--quiet', join(import.meta.dirname, '../../..'), clone]);
    const empty = async (name: string) => {
      await mkdir(join(root, name));
      return join(root, name);
    };
    const started = await startDefault({
      home: await empty('home'),
      bootstrapFile: join(clone, 'automation/toolchain/bootstrap.mjs'),
      timeoutMs: 60 * 60_000,
      say,
      onEnd,
      variables: {
        TENANTRY_CACHE: await empty('tools'),
        TENANTRY_DOWNLOADS: 'off',
        GOCACHE: await empty('go-build'),
        GOMODCACHE: await empty('go-modules'),
        // Modules are read-only otherwise, and the folder could not be removed.
        GOFLAGS: '-modcacherw',
        npm_config_cache: await empty('npm'),
      },
    });
    await started.stop();
    const minutes = started.readyMs / 60_000;
    return [
      {
        figure: 'npm start from nothing, all tools built, until /readyz',
        measured: `${minutes.toFixed(1)} min`,
        target: `${targetMs / 60_000} min`,
        peer: '-',
        met: started.readyMs <= targetMs,
        notes: [
          'a fresh clone of the last commit; empty caches of npm, Go modules, Go builds and tools; downloads of tools off, packages and modules from the registries that the machine is set up for',
        ],
        samples: {},
        values: { ready_ms: started.readyMs },
      },
    ];
  },
};
