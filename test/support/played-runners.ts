import type { Runner, RunnerPool } from '../../automation/stacks/runners.ts';

/** A pool that plays the engine: `run` answers each operation. @param runner other members of the runner */
export function playedRunners(run: Runner['run'], runner: Partial<Runner> = {}): RunnerPool {
  return {
    busy: 0,
    warmUp: async () => {},
    close: async () => {},
    acquire: async () => ({
      process: { host: 'elsewhere', processGroup: null, processStarted: null },
      permit: () => {},
      kill: () => {},
      release: () => {},
      ...runner,
      run,
    }),
  };
}
