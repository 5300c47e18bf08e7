import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import type { RunnerSettings } from '../../automation/stacks/protocol.ts';
import { createRunnerPool } from '../../automation/stacks/runners.ts';
import { fakeEngine } from '../support/fake-engine.ts';
import { specOf } from '../tenants/specs.ts';

/** What a real runner process tells its engine: this one only leaves its environment in a file. */

let home: string;
let settings: RunnerSettings;
beforeAll(() => {
  ({ home, settings } = fakeEngine(
    'environment',
    (home) => `case "$*" in
  *destroy*) env -0 > ${home}/environment; exit 1 ;;
  *) echo v3.250.0 ;;
esac
`,
  ));
});

async function environmentWith(changes: Partial<RunnerSettings> = {}): Promise<Record<string, string>> {
  const runners = createRunnerPool({
    settings: { ...settings, ...changes },
    size: 1,
    operationsPerRunner: 100,
  });
  try {
    const runner = await runners.acquire();
    const limits = { timeoutMs: 200_000, permitMs: 200_000 };
    const request = { kind: 'destroy', spec: specOf('workspace', 'byoc'), stackSettings: {} } as const;
    expect(await runner.run(request, limits)).toMatchObject({ outcome: 'failed' });
    runner.release();
  } finally {
    await runners.close();
  }
  const variables = readFileSync(join(home, 'environment'), 'utf8').split('\0');
  return Object.fromEntries(
    variables.map((variable) => [variable.split('=', 1)[0], variable.replace(/^[^=]*=/, '')]),
  );
}

test('an engine downloads no plugin, takes none from PATH, and takes over objects that are there', async () => {
  expect(await environmentWith()).toMatchObject({
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_IGNORE_AMBIENT_PLUGINS: 'true',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true',
    PULUMI_HOME: join(settings.workDir, 'pulumi-home'),
    PULUMI_BACKEND_URL: settings.backendUrl,
    PULUMI_DEBUG_PROVIDERS: expect.stringMatching(/^kubernetes:\d+,random:\d+,tenantry:\d+$/),
    KUBECONFIG: settings.kubeconfig,
  });
});

test.each<[string, Partial<RunnerSettings>, RegExp]>([
  ['random', { randomProvider: 'official' }, /^kubernetes:\d+,tenantry:\d+$/],
  ['Kubernetes', { kubernetesProvider: 'official' }, /^random:\d+,tenantry:\d+$/],
  ['both', { kubernetesProvider: 'official', randomProvider: 'official' }, /^tenantry:\d+$/],
])(
  'an engine that starts the official plugin of %s is attached to no stand-in of it',
  async (_, changes, attached) => {
    expect((await environmentWith(changes)).PULUMI_DEBUG_PROVIDERS).toMatch(attached);
  },
);
