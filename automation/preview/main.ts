/**
 * `npm run preview -- --stack prod` shows what the platform program would change, on the real engine: with the stack's own
 * state and providers if the environment has AWS credentials, else with simulated ones.
 */
import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { diffOf } from './diff-lines.ts';
import {
  type PlatformPreview,
  PlatformPreviewError,
  type PlatformPreviewOptions,
  previewPlatform,
} from './platform.ts';

const root = join(import.meta.dirname, '..', '..');

interface Options {
  readonly stack: string;
  readonly keep?: true;
  readonly keepState: string;
  readonly afresh?: true;
  readonly providers: NonNullable<PlatformPreviewOptions['providers']>;
  readonly policy: boolean;
  readonly diff?: true;
  readonly json?: true;
}

const command = new Command('npm run preview --')
  .description('Preview a platform stack on the real engine, with or without an account.')
  .requiredOption('-s, --stack <stack>', 'dev, staging, prod, prod-us-west-2, …: a Pulumi.<stack>.yaml')
  .option(
    '--keep',
    'keep the previewed state: the next preview shows what has changed since (simulated only)',
  )
  .option('--keep-state <folder>', 'where to keep it', join(root, '.tenantry', 'preview'))
  .option('--afresh', 'forget the kept state: everything is new')
  .addOption(
    new Option('--providers <kind>', 'auto: official with AWS credentials, else simulated')
      .choices(['auto', 'simulated', 'official'])
      .default('auto'),
  )
  .option('--no-policy', 'do not apply the rules of infra/policy')
  .option('--diff', "the engine's own diff, with every property")
  .addOption(new Option('--json', 'one JSON document: every step with its changes').conflicts('diff'))
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
const stopping = new AbortController();
process.on('SIGINT', () => stopping.abort());
process.on('SIGTERM', () => stopping.abort());
process.exitCode = await main(command.parse().opts<Options>());

async function main(options: Options): Promise<number> {
  const stateDir = resolve(options.keepState);
  if (options.afresh) await rm(stateDir, { recursive: true, force: true });
  try {
    const shown = await previewPlatform({
      stack: options.stack,
      stateDir,
      ...(options.keep && { record: true }),
      providers: options.providers,
      checkRules: options.policy,
      signal: stopping.signal,
      onProgress: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(options.json ? `${JSON.stringify(shown, null, 2)}\n` : textOf(shown, options));
    return 0;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    if (options.json) {
      const diagnostics = error instanceof PlatformPreviewError ? error.diagnostics : [];
      process.stdout.write(
        `${JSON.stringify({ error: { message: error.message, diagnostics } }, null, 2)}\n`,
      );
    }
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

function textOf(shown: PlatformPreview, options: Options): string {
  const body = options.diff
    ? shown.text.trimEnd()
    : diffOf(shown.steps, 2)
        .map(({ sign, text }) => `${sign} ${text}`)
        .join('\n');
  const warnings = shown.diagnostics.map(({ message, urn }) => {
    const resource = urn?.split('::').at(-1);
    return `warning: ${resource ? `${resource}: ` : ''}${message}`;
  });
  const providers =
    shown.providers === 'simulated'
      ? 'simulated providers: no account was asked'
      : "the account's own providers and state";
  const kept = options.keep ? ' Kept: the next preview shows what changes from here.' : '';
  const summary = `${shown.stack}: ${countsOf(shown)} in ${(shown.durationMs / 1000).toFixed(1)} s (${providers}).${kept}`;
  return `${[body, ...warnings, summary].filter((part) => part !== '').join('\n')}\n`;
}

function countsOf({ steps, unchanged }: PlatformPreview): string {
  const words = { create: 'to create', update: 'to update', replace: 'to replace', delete: 'to delete' };
  const counted = Object.entries(words).flatMap(([op, text]) => {
    const count = steps.filter((step) => step.op === op).length;
    return count > 0 ? [`${count} ${text}`] : [];
  });
  return [...counted, ...(unchanged > 0 ? [`${unchanged} unchanged`] : [])].join(', ') || 'nothing to do';
}
