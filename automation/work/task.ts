import type { Task } from 'graphile-worker';
import { z } from 'zod';

/**
 * Parses the payload of each job before the handler sees it.
 * @throws Error that names the field of a wrong payload; the queue keeps the job and the error
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
