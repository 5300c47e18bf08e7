/** Reads an output of a platform stack through Pulumi's CLI, with the caller's login. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface StackOutputOptions {
  /** Path or name of the CLI. */
  readonly pulumi: string;
  readonly projectDir: string;
  readonly env: NodeJS.ProcessEnv;
  readonly timeoutMs?: number;
}

export class StackOutputFailed extends Error {
  override readonly name = 'StackOutputFailed';
}

/** Reads an output of a stack without showing secrets. */
export type ReadStackOutput = (stack: string, output: string) => Promise<unknown>;

/** @throws StackOutputFailed with what the CLI said */
export function stackOutputReader(options: StackOutputOptions): ReadStackOutput {
  return async (stack, output) => {
    const args = ['stack', 'output', output, '--json', '--stack', stack, '--non-interactive'];
    try {
      const { stdout } = await run(options.pulumi, args, {
        cwd: options.projectDir,
        env: { ...options.env, PULUMI_SKIP_UPDATE_CHECK: 'true' },
        timeout: options.timeoutMs ?? 120_000,
      });
      return JSON.parse(stdout);
    } catch (error) {
      const { stderr } = error as { stderr?: string };
      const said = (stderr ?? '').trim() || (error instanceof Error ? error.message : String(error));
      throw new StackOutputFailed(`pulumi ${args.join(' ')}: ${said}`);
    }
  };
}
