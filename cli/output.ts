/** Where a command's output goes: its result to standard output, progress and trouble to standard error. */
import type { CliProblem } from './problem.ts';

export interface Output {
  readonly json: boolean;
  /** Prints the command's result, once: as JSON, or as the text that `text` makes. */
  result(value: unknown, text: () => string): void;
  /** One line of a result that arrives in parts; with `--json` it is progress. */
  line(text: string): void;
  /** A line about long work. */
  progress(line: string): void;
  /** Says why the command failed. */
  problem(problem: Pick<CliProblem, 'code' | 'message'>): void;
}

export interface Streams {
  readonly out: { write(text: string): unknown };
  readonly err: { write(text: string): unknown };
}

export function createOutput(json: boolean, { out, err }: Streams): Output {
  return {
    json,
    result: (value, text) => out.write(`${json ? JSON.stringify(value, null, 2) : text()}\n`),
    line: (text) => (json ? err : out).write(`${text}\n`),
    progress: (line) => err.write(`${line}\n`),
    problem: ({ code, message }) => {
      if (json) out.write(`${JSON.stringify({ error: { code, message } }, null, 2)}\n`);
      else err.write(`${message}\n`);
    },
  };
}
