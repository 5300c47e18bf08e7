import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import {
  type CommandError,
  ConcurrentUpdateError,
  type EngineEvent,
  LocalWorkspace,
  type PulumiCommand,
  type PulumiFn,
  Stack,
  StackAlreadyExistsError,
  StackNotFoundError,
} from '@pulumi/pulumi/automation/index.js';
import { parse, stringify } from 'yaml';
import { tenantProgram } from '../../tenants/program.ts';
import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import type { Fingerprint, StackSettings } from '../store/tenants.ts';
import { engineHome } from './engine-home.ts';
import { appliedCollector } from './fingerprint.ts';
import { stepCollector } from './preview-steps.ts';
import type {
  EngineStep,
  OperationRequest,
  OperationResult,
  ResourceChanges,
  RunnerSettings,
} from './protocol.ts';
import {
  pruneHistory,
  removeHalfWritten,
  removeLocks,
  removeStackFiles,
  removeTornAttributes,
} from './state-files.ts';
import { tenantProject } from './tenant-project.ts';

const run = promisify(execFile);

/** How many resources the engine works on at once: more than a tenant has, because providers queue by themselves. */
const parallelResources = 32;

/**
 * Runs engine operations through the Automation API with one CLI process each, and a second one for a deletion, which
 * removes the stack (`stack rm`): plain `up` and `destroy` would also select the stack, and read its outputs twice
 * and its history (`docs/engine.md` says what that costs).
 */
export class Driver {
  readonly #settings: RunnerSettings;
  readonly #command: PulumiCommand;
  readonly #environment: Record<string, string>;

  constructor(settings: RunnerSettings, command: PulumiCommand, debugProviders: string) {
    this.#settings = settings;
    this.#command = command;
    this.#environment = engineEnvironment(settings, debugProviders);
  }

  /** Runs an operation. An engine's failure is a result; rejects only when the driver itself fails. */
  async operate(request: OperationRequest): Promise<OperationResult> {
    const startedAt = performance.now();
    const durationMs = () => Math.round(performance.now() - startedAt);
    const changes: Record<string, number> = {};
    const diagnostics: string[] = [];
    const onEvent = (event: EngineEvent) => {
      collectChanges(event, changes);
      collectDiagnostics(event, diagnostics);
    };
    try {
      const done = await this.#perform(request, onEvent);
      return { outcome: 'succeeded', ...done, changes, durationMs: durationMs() };
    } catch (error) {
      return {
        outcome: 'failed',
        cause: causeOf(error, diagnostics),
        durationMs: durationMs(),
        stateComplete: true,
      };
    }
  }

  async #perform(
    request: OperationRequest,
    onEvent: (event: EngineEvent) => void,
  ): Promise<{
    outputs: TenantOutputs | null;
    initialised?: Readonly<Record<string, StackSettings>>;
    applied?: Fingerprint | null;
    steps?: readonly EngineStep[];
  }> {
    switch (request.kind) {
      case 'init':
        return { outputs: null, initialised: await this.#init(request.tenantIds) };
      case 'up': {
        let outputs: TenantOutputs | undefined;
        const collector = appliedCollector();
        const program = async () => {
          outputs = await this.#tenantProgram(request.spec);
          return { ...outputs };
        };
        await this.#withStack(request.spec, request.stackSettings, program, async (stack) => {
          const up = () =>
            stack.up({
              onEvent: (event) => {
                onEvent(event);
                collector.see(event);
              },
              refresh: request.refresh,
              parallel: parallelResources,
              color: 'never',
              suppressProgress: true,
            });
          try {
            await up();
          } catch (error) {
            if (!(error instanceof StackNotFoundError)) throw error;
            // A deletion removed the stack but not all objects: a new stack adopts what is left.
            await stack.workspace.createStack(stack.name);
            await up();
          }
        });
        await pruneHistory(this.#settings.backendUrl, tenantProject, request.spec.tenantId);
        return { outputs: outputs ?? null, applied: collector.applied() };
      }
      case 'preview': {
        const collector = stepCollector();
        const program = async () => ({ ...(await this.#tenantProgram(request.spec)) });
        await this.#withStack(request.spec, request.stackSettings, program, async (stack) => {
          await stack.preview({
            onEvent: (event) => {
              onEvent(event);
              collector.see(event);
            },
            parallel: parallelResources,
            color: 'never',
            suppressProgress: true,
          });
        });
        return { outputs: null, steps: collector.steps };
      }
      case 'destroy':
        await this.#withStack(request.spec, request.stackSettings, undefined, async (stack) => {
          try {
            await stack.destroy({
              onEvent,
              remove: true,
              parallel: parallelResources,
              color: 'never',
              suppressProgress: true,
            });
          } catch (error) {
            // An earlier operation removed it and was killed before it could say so.
            if (!(error instanceof StackNotFoundError)) throw error;
          }
        });
        await removeStackFiles(this.#settings.backendUrl, tenantProject, request.spec.tenantId);
        return { outputs: null };
    }
  }

  async #tenantProgram(spec: TenantSpec): Promise<TenantOutputs> {
    const { programRoot } = this.#settings;
    if (programRoot === undefined) return tenantProgram(spec, this.#settings.cell);
    const other: { tenantProgram: typeof tenantProgram } = await import(
      pathToFileURL(join(programRoot, 'tenants', 'program.ts')).href
    );
    return other.tenantProgram(spec, this.#settings.cell);
  }

  /** Initialises the tenants' stacks. */
  async #init(tenantIds: readonly string[]): Promise<Record<string, StackSettings>> {
    return this.#withWorkDir('init', {}, async (workDir) => {
      const workspace = await this.#workspace(workDir);
      if (tenantIds.length === 1 || !(await this.#createTogether(workDir, tenantIds)))
        for (const tenantId of tenantIds) await this.#createStack(workspace, tenantId);
      const settings = tenantIds.map(
        async (id) => [id, parse(await readFile(join(workDir, `Pulumi.${id}.yaml`), 'utf8'))] as const,
      );
      return Object.fromEntries(await Promise.all(settings));
    });
  }

  /** The caller holds the tenant's lease, so the process that left parts of the stack behind is dead. */
  async #createStack(workspace: LocalWorkspace, name: string, mendings = 2): Promise<void> {
    await removeTornAttributes(this.#settings.backendUrl, tenantProject, name);
    try {
      await workspace.createStack(name);
    } catch (error) {
      if (mendings === 0) throw error;
      // `pulumi cancel` wants a stack that exists, and this one does not yet.
      if (error instanceof ConcurrentUpdateError)
        await removeLocks(this.#settings.backendUrl, tenantProject, name);
      else if (!(error instanceof StackAlreadyExistsError)) throw error;
      // An initialisation was killed before it recorded the settings, so nothing has worked with the stack. If it has
      // resources nevertheless, the engine refuses to remove it.
      else await workspace.removeStack(name);
      await this.#createStack(workspace, name, mendings - 1);
    }
  }

  /** Creates several stacks in one process; false where the engine is Pulumi's CLI, which cannot. */
  async #createTogether(workDir: string, tenantIds: readonly string[]): Promise<boolean> {
    const all = ['init', ...tenantIds, '--secrets-provider', this.#settings.secretsProvider];
    const env = { ...process.env, ...this.#environment, PULUMI_HOME: engineHome(this.#settings) };
    return run(this.#command.command, all, { cwd: workDir, env }).then(
      () => true,
      (error: Error) => {
        if (!error.message.includes('unknown command')) throw error;
        return false;
      },
    );
  }

  async #withStack<T>(
    spec: TenantSpec,
    stackSettings: StackSettings,
    program: PulumiFn | undefined,
    work: (stack: Stack) => Promise<T>,
  ): Promise<T> {
    await removeTornAttributes(this.#settings.backendUrl, tenantProject, spec.tenantId);
    return this.#withWorkDir(spec.tenantId, stackSettings, async (workDir) => {
      const workspace = await this.#workspace(workDir, program);
      // The stack exists and its settings are written: nothing to select, and outputs come from the program.
      workspace.selectStack = async () => {};
      const stack = await Stack.select(spec.tenantId, workspace);
      stack.outputs = async () => ({});
      stack.info = async () => undefined;
      try {
        return await work(stack);
      } catch (error) {
        if (!(error instanceof ConcurrentUpdateError)) throw error;
        // The caller holds the tenant's lease and has made sure that its previous holder is dead, so the lock's owner is
        // gone.
        await stack.cancel();
        await removeHalfWritten(this.#settings.backendUrl, tenantProject, spec.tenantId);
        return await work(stack);
      }
    });
  }

  async #workspace(workDir: string, program?: PulumiFn): Promise<LocalWorkspace> {
    return LocalWorkspace.create({
      workDir,
      pulumiCommand: this.#command,
      pulumiHome: engineHome(this.#settings),
      secretsProvider: this.#settings.secretsProvider,
      envVars: this.#environment,
      ...(program && { program }),
    });
  }

  /** Gives each operation its own directory, because concurrent ones would disturb each other. */
  async #withWorkDir<T>(
    stackName: string,
    stackSettings: StackSettings,
    work: (workDir: string) => Promise<T>,
  ): Promise<T> {
    const parent = join(this.#settings.workDir, 'operations');
    await mkdir(parent, { recursive: true });
    const workDir = await mkdtemp(join(parent, `${stackName}-`));
    try {
      const project = {
        name: tenantProject,
        runtime: 'nodejs',
        backend: { url: this.#settings.backendUrl },
      };
      await writeFile(join(workDir, 'Pulumi.yaml'), stringify(project));
      if (Object.keys(stackSettings).length > 0) {
        const settings = { ...stackSettings, config: kubernetesConfig };
        await writeFile(join(workDir, `Pulumi.${stackName}.yaml`), stringify(settings));
      }
      return await work(workDir);
    } finally {
      await rm(workDir, { recursive: true, force: true });
    }
  }
}

/**
 * Changes Secrets and ConfigMaps in place rather than replacing them under a new name, as pods refer to them by name.
 */
const kubernetesConfig = {
  'kubernetes:enableSecretMutable': 'true',
  'kubernetes:enableConfigMapMutable': 'true',
};

/**
 * The engine's environment.
 * @see https://www.pulumi.com/docs/iac/cli/environment-variables/
 */
function engineEnvironment(settings: RunnerSettings, debugProviders: string): Record<string, string> {
  return {
    PULUMI_BACKEND_URL: settings.backendUrl,
    PULUMI_DEBUG_PROVIDERS: debugProviders,
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK: 'true',
    // An operation must never wait for a download: we serve what is not installed.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    // The plugins in its home, whose versions we know, and not whatever is on PATH.
    PULUMI_IGNORE_AMBIENT_PLUGINS: 'true',
    PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: '1',
    // Otherwise every operation copies the state to a second file that nobody prunes.
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
    PULUMI_FALLBACK_TO_STATE_SECRETS_MANAGER: 'true',
    // One write of the state at the end instead of two for each resource. A crash before it leaves objects that
    // the state lacks; the next operation adopts them, as names are deterministic and objects carry their tenant.
    PULUMI_EXPERIMENTAL: 'true',
    PULUMI_SKIP_CHECKPOINTS: 'true',
    PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true',
    // The program owns what it declares, even if others wrote it in between. The embedded provider always does this.
    PULUMI_K8S_ENABLE_PATCH_FORCE: 'true',
    PULUMI_LOG_ROTATION_MAX_BACKUPS: '1',
    // The engine lives for a second, a tenth of which garbage collection would take. The limit bounds a long run.
    GOGC: 'off',
    GOMEMLIMIT: '256MiB',
    KUBECONFIG: settings.kubeconfig,
  };
}

function collectChanges(event: EngineEvent, changes: Record<string, number>): void {
  for (const [operation, count] of Object.entries(event.summaryEvent?.resourceChanges ?? {})) {
    if (count) changes[operation] = count;
  }
}

function collectDiagnostics(event: EngineEvent, diagnostics: string[]): void {
  const diagnostic = event.diagnosticEvent;
  if (diagnostic?.severity !== 'error') return;
  const resource = diagnostic.urn?.split('::').at(-1);
  const message = diagnostic.message.trim();
  diagnostics.push(resource ? `${resource}: ${message}` : message);
}

const commandErrorName: CommandError['name'] = 'CommandError';

/** For the operator: the engine's own diagnostics, else the command's output. */
function causeOf(error: unknown, diagnostics: readonly string[]): string {
  if (diagnostics.length > 0) return [...new Set(diagnostics)].join('\n');
  if (!(error instanceof Error)) return String(error);
  if (error.name === commandErrorName) return error.message;
  return error.stack ?? error.message;
}

export type { ResourceChanges };
