/**
 * A peer: the handler that most people write. A process of its own, with SDKs loaded and providers served in advance,
 * calls the Automation API as its documentation shows: `createOrSelectStack`, then `up`, both with their default
 * options and Pulumi's own CLI.
 */
import { delimiter, dirname } from 'node:path';
import { LocalWorkspace } from '@pulumi/pulumi/automation/index.js';
import { serveProviders } from '../../automation/providers/serve.ts';
import { engineHome, prepareEngineHome } from '../../automation/stacks/engine-home.ts';
import type { RunnerSettings } from '../../automation/stacks/protocol.ts';
import { tenantProgram } from '../../tenants/program.ts';
import type { TenantSpec } from '../../tenants/spec.ts';

export type ToUsualWay =
  | { readonly type: 'settings'; readonly settings: RunnerSettings; readonly pulumiPath: string }
  | { readonly type: 'provision'; readonly spec: TenantSpec };

export type FromUsualWay =
  | { readonly type: 'ready' }
  | { readonly type: 'provisioned'; readonly tenantId: string; readonly error: string | null };

let provision: ((spec: TenantSpec) => Promise<void>) | undefined;

async function start(settings: RunnerSettings, pulumiPath: string): Promise<void> {
  process.env.PATH = dirname(pulumiPath) + delimiter + (process.env.PATH ?? '');
  await prepareEngineHome(settings);
  const providers = await serveProviders({
    ...(settings.kubernetesProvider === 'embedded' && { kubernetes: { kubeconfig: settings.kubeconfig } }),
    ...(settings.randomProvider === 'embedded' && { random: true as const }),
    tenantry: { adminDatabaseUrl: settings.tenantDatabaseUrl },
    beforeWrite: () => {},
  });
  provision = async (spec) => {
    const stack = await LocalWorkspace.createOrSelectStack(
      {
        projectName: 'usual-way',
        stackName: spec.tenantId,
        program: async () => ({ ...(await tenantProgram(spec)) }),
      },
      {
        pulumiHome: engineHome(settings),
        // Ours as well: the usual passphrase would cost the peer about a second more for each operation.
        secretsProvider: settings.secretsProvider,
        envVars: {
          PULUMI_BACKEND_URL: settings.backendUrl,
          PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
          // What the served providers make unnecessary, and a machine without downloads would wait for.
          PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
          PULUMI_SKIP_UPDATE_CHECK: 'true',
          KUBECONFIG: settings.kubeconfig,
        },
      },
    );
    await stack.up();
  };
  send({ type: 'ready' });
}

function send(message: FromUsualWay): void {
  process.send?.(message);
}

process.on('message', (message: ToUsualWay) => {
  if (message.type === 'settings') {
    void start(message.settings, message.pulumiPath);
    return;
  }
  const { tenantId } = message.spec;
  provision?.(message.spec).then(
    () => send({ type: 'provisioned', tenantId, error: null }),
    (error: unknown) =>
      send({ type: 'provisioned', tenantId, error: error instanceof Error ? error.message : String(error) }),
  );
});
process.on('disconnect', () => process.exit(0));
