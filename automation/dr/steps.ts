/**
 * Runs work in steps. Each step first looks at the world and skips what is done, so starting again continues an interrupted
 * run, and a dry run says what is left without touching anything.
 */

export type Look =
  | { readonly state: 'done'; readonly detail: string }
  | { readonly state: 'todo'; readonly detail: string }
  /** Somebody else is doing it. */
  | { readonly state: 'waiting'; readonly detail: string }
  /** Only a person can continue from here. */
  | { readonly state: 'blocked'; readonly detail: string };

export interface Step {
  /** Short and unique in its plan. */
  readonly id: string;
  readonly title: string;
  look(): Promise<Look>;
  /** Begins the work; the next looks tell when it is done. */
  act(): Promise<void>;
}

export interface StepReport {
  readonly id: string;
  readonly title: string;
  /** `planned`: a dry run would do it now. */
  readonly state: 'done' | 'planned' | 'waiting' | 'blocked';
  readonly detail: string;
  readonly tookMs: number;
}

/** Intervals grow from here, so that quick steps finish at once and long ones are not polled all the time. */
const firstPollMs = 100;

export interface RunOptions {
  readonly dryRun: boolean;
  readonly say: (line: string) => void;
  /** Longest interval between two looks at a step that is under way. Default 5 s. */
  readonly pollMs?: number;
  /** Limits one step. Default 2 h, because restoring a large server takes that long. */
  readonly timeoutMs?: number;
}

/** A step failed. Starting again continues from it. */
export class StepStopped extends Error {
  override readonly name = 'StepStopped';
  readonly reports: readonly StepReport[];

  constructor(message: string, reports: readonly StepReport[]) {
    super(message);
    this.reports = reports;
  }
}

/**
 * Runs the steps in order; a dry run only looks at each.
 * @throws StepStopped at the first step that is blocked, fails or takes too long
 */
export async function runSteps(steps: readonly Step[], options: RunOptions): Promise<StepReport[]> {
  const reports: StepReport[] = [];
  for (const step of steps) {
    const startedAt = performance.now();
    const report = (state: StepReport['state'], detail: string): StepReport => ({
      id: step.id,
      title: step.title,
      state,
      detail,
      tookMs: Math.round(performance.now() - startedAt),
    });
    try {
      reports.push(
        options.dryRun ? await planned(step, report, reports) : await performed(step, report, options),
      );
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new StepStopped(`${step.title}: ${message}`, [...reports, report('blocked', message)]);
    }
  }
  return reports;
}

type Report = (state: StepReport['state'], detail: string) => StepReport;

async function planned(step: Step, report: Report, earlier: readonly StepReport[]): Promise<StepReport> {
  try {
    const { state, detail } = await step.look();
    return report(state === 'todo' ? 'planned' : state, detail);
  } catch (error) {
    // In a dry run, what a step looks at may not exist before an earlier step.
    if (earlier.every(({ state }) => state === 'done')) throw error;
    return report(
      'planned',
      `cannot be looked at yet (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

async function performed(step: Step, report: Report, options: RunOptions): Promise<StepReport> {
  const { say, pollMs = 5_000, timeoutMs = 7_200_000 } = options;
  const deadline = performance.now() + timeoutMs;
  let look = await step.look();
  let acted = false;
  let said = '';
  let pauseMs = Math.min(firstPollMs, pollMs);
  while (look.state !== 'done') {
    if (look.state === 'blocked') throw new Error(look.detail);
    if (performance.now() > deadline) throw new Error(`not done in time: ${look.detail}`);
    if (look.detail !== said) {
      said = look.detail;
      say(`${step.title}: ${said}`);
    }
    // At once, or once what it waited for exists.
    if (look.state === 'todo' && !acted) {
      acted = true;
      await step.act();
      look = await step.look();
      continue;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    pauseMs = Math.min(pauseMs * 1.5, pollMs);
    look = await step.look();
  }
  say(`${step.title}: ${look.detail}`);
  return report('done', look.detail);
}
