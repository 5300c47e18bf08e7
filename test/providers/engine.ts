/** A real Pulumi engine with the served providers attached, through the unmodified Automation API. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import * as automation from '@pulumi/pulumi/automation/index.js';
import { inject } from 'vitest';
import { startKeyService } from '../../automation/local/keys.ts';
import {
  type ProviderServer,
  type ProviderServerOptions,
  serveProviders,
} from '../../automation/providers/serve.ts';
import { engineCommand } from '../../automation/stacks/engine-command.ts';

export interface ResourceRecord {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs: Record<string, unknown>;
  readonly outputs: Record<string, unknown>;
}

export interface Step {
  readonly op: string;
  readonly type: string;
  readonly urn: string;
  readonly detailedDiff: Readonly<Record<string, { readonly diffKind: string }>> | null;
}

export interface TestStack {
  readonly stack: automation.Stack;
  /** Runs the program for real; resolves with the steps taken (the stack itself and providers left out). */
  up(program: automation.PulumiFn): Promise<Step[]>;
  preview(program: automation.PulumiFn): Promise<Step[]>;
  refresh(): Promise<Step[]>;
  destroy(): Promise<void>;
  resources(): Promise<ResourceRecord[]>;
  outputs(): Promise<automation.OutputMap>;
  /** The checkpoint as text, as it lies in the backend. */
  rawState(): Promise<string>;
}

export interface Engine {
  readonly server: ProviderServer;
  /** Everything that the CLI printed. */
  readonly log: string[];
  newStack(name: string): Promise<TestStack>;
  close(): Promise<void>;
}

/** @param options.program what runs operations; default Pulumi's CLI */
export async function startEngine({
  program = 'pulumi',
  ...options
}: Omit<ProviderServerOptions, 'beforeWrite'> &
  Partial<ProviderServerOptions> & { program?: 'pulumi' | 'tenantry-engine' }): Promise<Engine> {
  const home = await mkdtemp(join(inject('runDir'), 'engine-'));
  await mkdir(join(home, 'state'));
  const server = await serveProviders({ beforeWrite: () => {}, ...options });
  // A passphrase would cost seconds for each operation.
  const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
  const log: string[] = [];
  const envVars = {
    PATH: `${dirname(inject('tools').pulumi)}${delimiter}${process.env.PATH ?? ''}`,
    PULUMI_HOME: join(home, 'pulumi'),
    PULUMI_BACKEND_URL: `file://${join(home, 'state')}`,
    PULUMI_DEBUG_PROVIDERS: server.debugProviders,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    VAULT_ADDR: keys.address,
    VAULT_TOKEN: keys.token,
    VAULT_SERVER_URL: keys.address,
    VAULT_SERVER_TOKEN: keys.token,
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
  };
  process.env.PATH = envVars.PATH;
  const pulumiCommand = await engineCommand(inject('tools')[program], home);
  return {
    server,
    log,
    async newStack(name) {
      const stack = await automation.LocalWorkspace.createStack(
        { projectName: 'test', stackName: name, program: async () => {} },
        {
          envVars,
          pulumiCommand,
          pulumiHome: envVars.PULUMI_HOME,
          secretsProvider: 'hashivault://test',
          workDir: await mkdtemp(join(home, 'work-')),
        },
      );
      // The Automation API asks the CLI for outputs and history after every operation; no test reads them there.
      Object.assign(stack, { outputs: async () => ({}), info: async () => ({}) });
      return testStack(stack, log, join(home, 'state'));
    },
    async close() {
      await server.close();
      await keys.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

function testStack(stack: automation.Stack, log: string[], backend: string): TestStack {
  const collect = () => {
    const steps: Step[] = [];
    const onEvent = (event: automation.EngineEvent): void => {
      const metadata = event.resourcePreEvent?.metadata;
      if (metadata && metadata.op !== 'same' && !metadata.type.startsWith('pulumi:')) {
        steps.push({
          op: metadata.op,
          type: metadata.type,
          urn: metadata.urn,
          detailedDiff: metadata.detailedDiff ?? null,
        });
      }
    };
    return {
      steps,
      options: {
        onEvent,
        onOutput: (line: string) => log.push(line),
        onError: (line: string) => log.push(line),
      },
    };
  };
  return {
    stack,
    async up(program) {
      const { steps, options } = collect();
      stack.workspace.program = program;
      await stack.up({ program, ...options });
      return steps;
    },
    async preview(program) {
      const { steps, options } = collect();
      await stack.preview({ program, ...options });
      return steps;
    },
    async refresh() {
      const { steps, options } = collect();
      await stack.refresh(options);
      return steps.filter(({ op }) => op !== 'refresh');
    },
    async destroy() {
      await stack.destroy(collect().options);
    },
    async resources() {
      const { deployment } = await stack.exportStack();
      const records = (deployment as { resources?: ResourceRecord[] }).resources ?? [];
      return records.filter(({ type }) => !type.startsWith('pulumi:'));
    },
    outputs: () => stack.workspace.stackOutputs(stack.name),
    async rawState() {
      return readFile(join(backend, '.pulumi', 'stacks', 'test', `${stack.name}.json`), 'utf8');
    },
  };
}
