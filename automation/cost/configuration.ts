/** Reads a stack's configuration from its file, without an engine. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { type PlatformConfig, platformConfig } from '../../infra/config.ts';

const stackFile = z.object({ config: z.record(z.string(), z.unknown()) });

export class UnknownStackError extends Error {
  override readonly name = 'UnknownStackError';
  constructor(stack: string, known: readonly string[]) {
    super(`There is no stack ${stack}; there are: ${known.join(', ')}.`);
  }
}

/**
 * Reads the platform's configuration from `Pulumi.<stack>.yaml`.
 * @throws UnknownStackError; Error that names every wrong key
 */
export async function stackConfiguration(projectDir: string, stack: string): Promise<PlatformConfig> {
  const files = await readdir(projectDir);
  const known = files.flatMap((name) => /^Pulumi\.([\w-]+)\.yaml$/.exec(name)?.[1] ?? []).sort();
  if (!known.includes(stack)) throw new UnknownStackError(stack, known);
  const text = await readFile(join(projectDir, `Pulumi.${stack}.yaml`), 'utf8');
  const { config } = stackFile.parse(parse(text));
  return platformConfig((key) => config[key]);
}
