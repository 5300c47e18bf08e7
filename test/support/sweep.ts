import type { JobContext } from '../../automation/jobs/context.ts';
import { ringDueMails } from '../../automation/mail/mail.ts';
import { offboardingSteps } from '../../automation/offboarding/work.ts';
import type { SweepPart, Work } from '../../automation/work/work.ts';
import { roomsWork } from '../../automation/worker/rooms.ts';
import { sweep as sweepWorks } from '../../automation/worker/sweep.ts';

/** What a worker does without a cluster, an engine and a mail server. */
export function worksOf(context: JobContext): readonly Work[] {
  return [
    ...roomsWork(context),
    {
      sweep: {
        shared: { ringDueMails: () => ringDueMails(context.database, 500) },
        cell: offboardingSteps(context),
      },
    },
  ];
}

/** One sweep of such a worker. */
export function sweep(context: JobContext, part: SweepPart): Promise<readonly string[] | null> {
  return sweepWorks(context, part, worksOf(context));
}
