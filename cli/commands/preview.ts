/** `tenantry preview`: what the working tree changes, as one comment. */
import { resolve } from 'node:path';
import type { Allowance } from '../../automation/preview/allowances.ts';
import {
  markdownOf,
  openBlockers,
  previewChange,
  previewPlatform,
  readPreviewEnv,
  textOf,
  UnknownBase,
} from '../../automation/preview/index.ts';
import type { Output } from '../output.ts';
import { CliProblem, type ExitCode, exitCodes } from '../problem.ts';

export interface PreviewCommandOptions {
  readonly base?: string;
  readonly format: 'text' | 'markdown' | 'json';
  readonly only?: 'platform' | 'fleet';
  readonly stack?: readonly string[];
  readonly providers: 'auto' | 'simulated' | 'official';
  readonly fleet: 'auto' | 'installation' | 'sample';
  readonly allow?: readonly Allowance[];
  readonly maxPreviews?: number;
}

/** Root of this checkout: the version to preview. */
const root = resolve(import.meta.dirname, '../..');

/** @returns `blocked` when the change must not be merged as it is */
export async function preview(output: Output, options: PreviewCommandOptions): Promise<ExitCode> {
  const report = await previewChange({
    env: readPreviewEnv(),
    root,
    base: options.base,
    only: options.only ?? null,
    stacks: options.stack ?? [],
    providers: options.providers,
    fleet: options.fleet,
    allowed: options.allow ?? [],
    ...(options.maxPreviews !== undefined && { maxPreviews: options.maxPreviews }),
    previewPlatform,
    onProgress: (line) => output.progress(line),
  }).catch((error: unknown) => {
    if (!(error instanceof UnknownBase)) throw error;
    throw new CliProblem(exitCodes.notFound, 'unknown_base', error.message);
  });
  const blocked = openBlockers(report);
  if (options.format === 'json' && !output.json) output.line(JSON.stringify({ ...report, blocked }, null, 2));
  else
    output.result({ ...report, blocked }, () =>
      options.format === 'markdown' ? markdownOf(report) : textOf(report),
    );
  return blocked.length > 0 ? exitCodes.blocked : exitCodes.ok;
}
