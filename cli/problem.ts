/** What a command's exit code says; documented in `tenantry --help`. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  tenantFailed: 4,
  notFound: 5,
  notAllowed: 6,
  blocked: 7,
  waiting: 8,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An expected failure: its message is one sentence for the person at the terminal. */
export class CliProblem extends Error {
  override readonly name = 'CliProblem';
  readonly exitCode: ExitCode;
  readonly code: string;

  /** @param code what `--json` says in `error.code` */
  constructor(exitCode: ExitCode, code: string, message: string) {
    super(message);
    this.exitCode = exitCode;
    this.code = code;
  }
}
