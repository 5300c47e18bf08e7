import type { TenantryError } from '../api/client/index.ts';

/** The meaning of a command's exit codes; documented in `tenantry --help`. */
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

const howToRun = 'Start it with npm start, or name another home in TENANTRY_HOME.';

/** Nothing runs in this home. */
export function notRunning(home: string): CliProblem {
  return new CliProblem(
    exitCodes.notRunning,
    'not_running',
    `Tenantry is not running in ${home}. ${howToRun}`,
  );
}

/** What a failed request means to the person at the terminal. */
export function problemOf({ status, code, message }: TenantryError): CliProblem {
  if (code === 'unreachable')
    return new CliProblem(exitCodes.notRunning, 'not_running', `${message} ${howToRun}`);
  if (code === 'timeout') return new CliProblem(exitCodes.notRunning, 'no_answer', message);
  return new CliProblem(exitCodeOf(status), code, message);
}

function exitCodeOf(status: number): ExitCode {
  if (status === 401 || status === 403) return exitCodes.notAllowed;
  if (status === 404) return exitCodes.notFound;
  if (status === 400 || status === 422) return exitCodes.usage;
  return exitCodes.failed;
}
