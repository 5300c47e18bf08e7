import type { Task } from 'graphile-worker';
import { z } from 'zod';

/**
 * A task whose handler gets its payload parsed.
 * @throws Error that names the field, when a job was rung with another payload: the queue keeps the job and shows it
 */
export function task<Payload>(
  payload: z.ZodType<Payload>,
  run: (payload: Payload) => Promise<unknown>,
): Task {
  return async (given) => {
    const parsed = payload.safeParse(given);
    if (!parsed.success)
      throw new Error(`The payload of the job is not what its task takes:\n${z.prettifyError(parsed.error)}`);
    await run(parsed.data);
  };
}

export const tenantPayload = z.object({ tenantId: z.string() });
