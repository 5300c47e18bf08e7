import type { Command } from 'commander';
import type { CliEnv } from './env.ts';
import type { Output } from './output.ts';
import type { ExitCode } from './problem.ts';

export interface CommandContext {
  readonly env: CliEnv;
  readonly output: Output;
  /** Called with the exit code of a command that has one of its own. */
  readonly exit: (code: ExitCode) => void;
}

/** What commands are declared with. */
export interface Commands extends CommandContext {
  /** A command of the first level. */
  readonly add: (usage: string, description: string) => Command;
}
