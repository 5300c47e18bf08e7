/** Runs the command as the terminal would, in this process: its streams and its exit code. */
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import { writeEndpoints } from '../../automation/local/home.ts';
import type { CliEnv } from '../../cli/env.ts';
import { run } from '../../cli/run.ts';
import type { Service } from '../support/service.ts';

/** A home whose installation is the service, for commands that ask as its people and its operator. */
export async function homeOf(service: Service): Promise<string> {
  const home = await mkdtemp(join(inject('runDir'), 'home-'));
  await writeEndpoints(home, {
    api: service.url,
    stripe: service.simulator.url,
    kubeconfig: '',
    postgres: '',
    issuer: service.identity.issuer,
    operatorToken: await service.identity.token('operator', 'operator'),
  });
  return home;
}

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
  /** Standard output, which with `--json` must be one document. */
  json(): never;
}

export async function command(
  home: string,
  args: readonly string[],
  env: Partial<CliEnv> = {},
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  const exitCode = await run(args, () => ({ home, token: undefined, stripeSecretKey: undefined, ...env }), {
    out: { write: (text: string) => (stdout += text) },
    err: { write: (text: string) => (stderr += text) },
  });
  return { exitCode, stdout, stderr, json: () => JSON.parse(stdout) as never };
}
