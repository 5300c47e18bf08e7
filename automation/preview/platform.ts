/**
 * Previews the platform program on the real engine, with the account's providers if there is an account, or else with
 * simulated ones.
 */
import { join, resolve } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { stepCollector } from '../stacks/index.ts';
import { ensureTool, readToolchainEnv, type ToolchainEnv } from '../toolchain/index.ts';
import { shownStep } from './engine-steps.ts';
import { hasAwsCredentials } from './env.ts';
import { type EngineCommand, type EngineRun, runEngine, runWithEvents } from './platform-engine.ts';
import { brokenRules } from './rules.ts';
import { openSimulatedStack, programEnvironment } from './simulated-stack.ts';

/** What the engine would do with a resource; `replace` covers create, replace and delete. */
export type PlatformOperation = 'create' | 'update' | 'replace' | 'delete' | 'import' | 'read';

/** A JSON value; a secret is the text `[secret]`, a value known only after the update the text `[unknown]`. */
export type ShownValue =
  | null
  | boolean
  | number
  | string
  | readonly ShownValue[]
  | { readonly [key: string]: ShownValue };

export interface PlatformChange {
  /** Path in Pulumi's notation: `cidrBlock`, `tags["owner"]`, `spec.template.spec.containers[0].image`. */
  readonly path: string;
  readonly kind: 'add' | 'update' | 'delete';
  /** Absent for `add`. */
  readonly before?: ShownValue;
  /** Absent for `delete`. */
  readonly after?: ShownValue;
  /** True when either side is or contains a secret. */
  readonly secret: boolean;
  /** True when this property causes a replacement. */
  readonly replaces: boolean;
}

export interface PlatformStep {
  readonly urn: string;
  /** Type token, for example `aws:rds/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly op: PlatformOperation;
  /** True for a replacement that deletes the old resource first, so that for a time there is none. */
  readonly deletedFirst: boolean;
  /** True when the program protects it, so that the engine refuses to replace or delete it. */
  readonly protected: boolean;
  /** Sorted by path; only for updates and replacements. */
  readonly changes: readonly PlatformChange[];
  /** Inputs before (null when it is created) and after (null when it is deleted), secrets hidden. */
  readonly before: { readonly [key: string]: ShownValue } | null;
  readonly after: { readonly [key: string]: ShownValue } | null;
}

export interface PlatformDiagnostic {
  readonly severity: 'warning' | 'error';
  readonly urn: string | null;
  readonly message: string;
}

export interface PlatformPreview {
  readonly stack: string;
  readonly providers: 'simulated' | 'official';
  /** Everything that changes, in the engine's order; unchanged resources are only counted. */
  readonly steps: readonly PlatformStep[];
  readonly unchanged: number;
  readonly diagnostics: readonly PlatformDiagnostic[];
  /** The engine's own text of the diff, without colours. */
  readonly text: string;
  readonly durationMs: number;
}

export interface PlatformPreviewOptions {
  /** `dev`, `staging`, `prod`, `prod-us-west-2`, …: a `Pulumi.<stack>.yaml` in the project. */
  readonly stack: string;
  /** Folder of `Pulumi.yaml`. Defaults to this checkout; another one has another version of the program. */
  readonly projectDir?: string;
  /**
   * Folder that keeps the state of simulated stacks between previews. Without it every resource counts as new.
   */
  readonly stateDir?: string;
  /** Records the previewed change in the kept state, so that the next preview shows only the next change. */
  readonly record?: boolean;
  /** Default `auto`: official when the environment has AWS credentials, else simulated. */
  readonly providers?: 'auto' | 'simulated' | 'official';
  /** Applies the rules of `infra/policy` to the engine's events; a broken rule fails the preview. Default false. */
  readonly checkRules?: boolean;
  /** Folders of policy packs that the engine applies resource by resource, which takes some seconds. */
  readonly policyPacks?: readonly string[];
  readonly toolchain?: ToolchainEnv;
  readonly signal?: AbortSignal;
  /** Called with lines of text. */
  readonly onProgress?: (line: string) => void;
}

/** The engine could not finish the preview, for example because of wrong configuration, a refused input or a policy. */
export class PlatformPreviewError extends Error {
  override readonly name = 'PlatformPreviewError';
  readonly diagnostics: readonly PlatformDiagnostic[];
  constructor(stack: string, diagnostics: readonly PlatformDiagnostic[]) {
    super(
      `The preview of ${stack} failed: ${diagnostics.map(({ message }) => message).join('\n') || 'the engine gave no reason'}`,
    );
    this.diagnostics = diagnostics;
  }
}

const checkout = join(import.meta.dirname, '..', '..');

/**
 * Previews a platform stack on the real engine.
 * @throws PlatformPreviewError when the engine could not finish it
 */
export async function previewPlatform(options: PlatformPreviewOptions): Promise<PlatformPreview> {
  const toolchain = options.toolchain ?? readToolchainEnv();
  const { onProgress } = options;
  const { path: pulumi } = await ensureTool('pulumi', { env: toolchain, ...(onProgress && { onProgress }) });
  const startedAt = performance.now();
  const common = { ...options, pulumi, processEnv: toolchain.processEnv };
  const wanted = options.providers ?? 'auto';
  const providers =
    wanted === 'auto' ? (hasAwsCredentials(toolchain.processEnv) ? 'official' : 'simulated') : wanted;
  const outcome = providers === 'official' ? await previewOfficial(common) : await previewSimulated(common);
  return {
    ...outcome,
    stack: options.stack,
    providers,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

type Prepared = PlatformPreviewOptions & {
  readonly pulumi: string;
  readonly processEnv: NodeJS.ProcessEnv;
};

type Outcome = Pick<PlatformPreview, 'steps' | 'unchanged' | 'diagnostics' | 'text'>;

/** Previews with the caller's backend, state and plugins. */
async function previewOfficial(options: Prepared): Promise<Outcome> {
  if (options.record) throw new Error('Only simulated stacks record what was previewed: run `pulumi up`.');
  return preview(options, {
    pulumi: options.pulumi,
    cwd: resolve(options.projectDir ?? checkout),
    env: programEnvironment(options.processEnv),
    arguments: ['--stack', options.stack],
    signal: options.signal,
  });
}

async function previewSimulated(options: Prepared): Promise<Outcome> {
  const { stack, pulumi, signal } = options;
  const projectDir = resolve(options.projectDir ?? checkout);
  const stateDir = options.stateDir === undefined ? undefined : resolve(options.stateDir);
  const simulated = await openSimulatedStack({
    ...options,
    projectDir,
    stateDir,
    runsPolicyPacks: (options.policyPacks ?? []).length > 0,
    onOutput: (text) => options.onProgress?.(text.trimEnd()),
  });
  try {
    const command = {
      pulumi,
      cwd: projectDir,
      env: simulated.env,
      arguments: ['--stack', stack, '--config-file', simulated.configFile],
      signal,
    };
    if (!simulated.exists) {
      const init = ['stack', 'init', stack, '--secrets-provider', simulated.secretsProvider, '--no-select'];
      const made = await runEngine({
        ...command,
        cwd: simulated.bareProject,
        arguments: [...init, '--non-interactive'],
      });
      if (!made.succeeded) throw new PlatformPreviewError(stack, [failureOf(made)]);
      await simulated.keepSettings();
    }
    const outcome = await preview(options, command);
    if (options.record) await record(options, command);
    return outcome;
  } finally {
    await simulated.close();
  }
}

async function preview(options: Prepared, command: EngineCommand): Promise<Outcome> {
  const packs = (options.policyPacks ?? []).flatMap((folder) => ['--policy-pack', resolve(folder)]);
  const { run, events } = await runWithEvents({
    ...command,
    arguments: ['preview', '--diff', ...quiet, ...packs, ...command.arguments],
  });
  const diagnostics = diagnosticsOf(events);
  if (!run.succeeded) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    throw new PlatformPreviewError(options.stack, errors.length > 0 ? errors : [failureOf(run)]);
  }
  if (options.checkRules) {
    const projectDir = resolve(options.projectDir ?? checkout);
    const broken = await brokenRules(events, { projectDir, stack: options.stack });
    if (broken.length > 0) throw new PlatformPreviewError(options.stack, broken);
  }
  const collector = stepCollector();
  for (const event of events) collector.see(event);
  return {
    steps: collector.steps.map(shownStep),
    unchanged: events.filter(isUnchanged).length,
    diagnostics,
    text: run.stdout,
  };
}

/** Updates the state to what the program declares. Providers are simulated, so only the state changes. */
async function record(options: Prepared, command: EngineCommand): Promise<void> {
  const { run, events } = await runWithEvents({
    ...command,
    arguments: ['up', '--yes', '--skip-preview', ...quiet, ...command.arguments],
  });
  if (run.succeeded) return;
  const errors = diagnosticsOf(events).filter(({ severity }) => severity === 'error');
  throw new PlatformPreviewError(options.stack, errors.length > 0 ? errors : [failureOf(run)]);
}

const quiet = ['--color', 'never', '--suppress-progress', '--non-interactive', '--parallel', '32'];

function isUnchanged(event: EngineEvent): boolean {
  const metadata = event.resourcePreEvent?.metadata;
  return metadata?.op === 'same' && !metadata.type.startsWith('pulumi:');
}

function diagnosticsOf(events: readonly EngineEvent[]): PlatformDiagnostic[] {
  const diagnostics: PlatformDiagnostic[] = [];
  for (const { diagnosticEvent, policyEvent } of events) {
    if (diagnosticEvent && isToldOf(diagnosticEvent)) {
      diagnostics.push({
        severity: diagnosticEvent.severity === 'error' ? 'error' : 'warning',
        urn: diagnosticEvent.urn ?? null,
        message: plain(diagnosticEvent.message),
      });
    }
    if (policyEvent) {
      diagnostics.push({
        severity: policyEvent.enforcementLevel === 'mandatory' ? 'error' : 'warning',
        urn: policyEvent.resourceUrn ?? null,
        message: `${policyEvent.policyName}: ${plain(policyEvent.message)}`,
      });
    }
  }
  return diagnostics;
}

function failureOf({ stdout, stderr }: EngineRun): PlatformDiagnostic {
  return { severity: 'error', urn: null, message: plain(stderr || stdout) };
}

/** Leaves out the engine's warning about a language host on the PATH, because we put it there. */
function isToldOf({ severity, message }: { severity: string; message: string }): boolean {
  return (
    severity === 'error' || (severity === 'warning' && !message.includes('using pulumi-language-nodejs from'))
  );
}

function plain(text: string): string {
  const lines = stripVTControlCharacters(text).split('\n');
  return lines
    .filter((line) => !line.includes('using pulumi-language-nodejs from'))
    .join('\n')
    .trim();
}
