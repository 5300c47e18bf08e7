import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import type { RunnerSettings } from '../../automation/stacks/protocol.ts';

/** Settings of real runner processes whose engine is a shell script; and a folder in which it may leave something. */
export function fakeEngine(
  name: string,
  script: (home: string) => string,
): { readonly home: string; readonly settings: RunnerSettings } {
  const home = mkdtempSync(join(inject('runDir'), `${name}-`));
  const enginePath = join(home, 'engine');
  writeFileSync(enginePath, `#!/bin/sh\n${script(home)}`);
  chmodSync(enginePath, 0o755);
  mkdirSync(join(home, 'work'));
  return {
    home,
    settings: {
      enginePath,
      backendUrl: pathToFileURL(home).href,
      secretsProvider: 'passphrase',
      workDir: join(home, 'work'),
      kubeconfig: inject('kubeconfig'),
      tenantDatabaseUrl: inject('postgresUrl'),
      kubernetesProvider: 'embedded',
      randomProvider: 'embedded',
    },
  };
}
