/** Runs the command as the terminal would, in this process: its streams and its exit code. */
import type { CliEnv } from '../../cli/env.ts';
import { run } from '../../cli/run.ts';

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
