/** A row of the benchmark, and its context. */
import type { Installation } from './installation.ts';
import type { Summary } from './samples.ts';

export interface Measurement {
  readonly figure: string;
  readonly measured: string;
  readonly target: string;
  /** The peer of the figure. */
  readonly peer: string;
  /** Null where the figure has no target of its own. */
  readonly met: boolean | null;
  /** What exactly was timed, and what else a reader must know. */
  readonly notes: readonly string[];
  /** Everything measured, in the unit at the end of each name. */
  readonly samples: Readonly<Record<string, Summary>>;
  /** Further numbers, names with their unit. */
  readonly values?: Readonly<Record<string, number>>;
  /** Load average of the last minute just before the row began. */
  readonly load: number;
}

export interface Bench {
  /** Few samples: shows that everything works, proves no figure. */
  readonly quick: boolean;
  /**
   * Starts the embedded default as `npm start` does, in a fresh home, for the row's exclusive use; it is ended with
   * the row.
   */
  install(variables?: Readonly<Record<string, string>>): Promise<Installation>;
  /** A folder that is removed with the row. */
  folder(name: string): Promise<string>;
  /** Runs this when the row is over, however it ends, last given first. */
  onEnd(end: () => Promise<unknown>): void;
  /** One line of progress. */
  say(line: string): void;
}

export interface Row {
  /** Its name on the command line. */
  readonly name: string;
  /** Runs only when named. */
  readonly onDemand?: boolean;
  run(bench: Bench): Promise<Omit<Measurement, 'load'>[]>;
}
