import { createInterface } from 'node:readline/promises';
import { CliProblem, exitCodes } from './problem.ts';

export interface Confirmation {
  /** Does not ask. */
  readonly yes?: boolean;
  /** What needs a confirmation, as it stands on the command line: `--now`. */
  readonly option: string;
  readonly question: string;
  /** What is so when the answer is no: `Nothing was deleted.` */
  readonly otherwise: string;
}

/** Asks at the terminal. @throws CliProblem `not_confirmed` when the answer is no, or when nobody can be asked */
export async function confirm({ yes, option, question, otherwise }: Confirmation): Promise<void> {
  if (yes) return;
  if (!process.stdin.isTTY)
    throw new CliProblem(
      exitCodes.usage,
      'not_confirmed',
      `${option} needs --yes where nobody can be asked.`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`${question} Type yes: `);
  terminal.close();
  if (answer.trim() !== 'yes') throw new CliProblem(exitCodes.failed, 'not_confirmed', otherwise);
}
