/** Where a command's words go: its result to standard output, progress and trouble to standard error. */
export interface Output {
  json: boolean;
  /** Says the command's result: as JSON, or as the text that `text` makes. */
  result(value: unknown, text: () => string): void;
  /** A line about long work. */
  progress(line: string): void;
}

export function createOutput(json: boolean): Output {
  return {
    json,
    result: (value, text) => {
      process.stdout.write(`${json ? JSON.stringify(value, null, 2) : text()}\n`);
    },
    progress: (line) => {
      process.stderr.write(`${line}\n`);
    },
  };
}
