/** What services bring to a worker: their tasks and their steps of the cell's sweep. */
import type { TaskList } from 'graphile-worker';
import { type Service, serviceTaskName, type WorkerServiceContext } from '../service.ts';

/** The tasks of all services, under the queue's names for this cell. */
export function serviceTasks(services: readonly Service[], context: WorkerServiceContext): TaskList {
  return Object.fromEntries(
    services.flatMap(({ product, tasks = {} }) =>
      Object.entries(tasks).map(([name, task]) => [
        serviceTaskName(product.id, name, context.cell.id),
        (payload: unknown) => task.run(payload, context),
      ]),
    ),
  );
}

/** The steps of all services, named `<product>.<step>`. */
export function serviceSteps(
  services: readonly Service[],
  context: WorkerServiceContext,
): Record<string, () => Promise<void>> {
  return Object.fromEntries(
    services.flatMap(({ product, sweep = {} }) =>
      Object.entries(sweep).map(([name, step]) => [`${product.id}.${name}`, () => step(context)]),
    ),
  );
}
