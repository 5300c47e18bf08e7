/** What services bring to a worker: their tasks, and their steps of the cell's sweep. */
import type { TaskList } from 'graphile-worker';
import type { Product } from '../../tenants/catalog/types.ts';
import { readUse, type UsageEvent, writeEvents } from '../metering/index.ts';
import { type Service, type ServiceUse, serviceTaskName, type WorkerServiceContext } from '../service.ts';
import type { SweepSteps, Work } from '../work/index.ts';

export function servicesWork(services: readonly Service[], context: WorkerServiceContext): Work {
  return {
    tasks: { products: tasksOf(services, context) },
    sweep: { cell: stepsOf(services, context) },
    begin(registry) {
      for (const { metrics } of services) metrics?.(registry, { ...context, process: 'worker' });
      return async () => {};
    },
  };
}

/** The tasks of all services, under the queue's names for this cell. */
function tasksOf(services: readonly Service[], context: WorkerServiceContext): TaskList {
  return Object.fromEntries(
    services.flatMap(({ product, tasks = {} }) =>
      Object.entries(tasks).map(([name, task]) => [
        serviceTaskName(product.id, name, context.cell.id),
        (payload: unknown) => task.run(payload, context),
      ]),
    ),
  );
}

/** The steps of all services, named `<product>.<step>`; a service that tells use does so as `usage`. */
function stepsOf(services: readonly Service[], context: WorkerServiceContext): SweepSteps {
  return Object.fromEntries(
    services.flatMap(({ product, sweep = {}, usage }) => [
      ...Object.entries(sweep).map(([name, step]) => [`${product.id}.${name}`, () => step(context)] as const),
      ...(usage ? [[`${product.id}.usage`, () => tellUse(product, usage(context), context)] as const] : []),
    ]),
  );
}

/** Rows that one transaction writes at most. */
const batch = 500;

/** @throws Error that names what of the use cannot count; what was told before it counts */
async function tellUse(
  product: Product,
  told: AsyncIterable<ServiceUse> | Iterable<ServiceUse>,
  { database, now }: WorkerServiceContext,
): Promise<void> {
  let events: UsageEvent[] = [];
  const write = async () => {
    const waiting = events;
    events = [];
    if (waiting.length > 0) await database.transaction((client) => writeEvents(client, waiting));
  };
  for await (const { tenantId, id, meter, at, quantity } of told) {
    const read = readUse(product.id, { dimension: meter, at, quantity }, now());
    if ('message' in read) throw new Error(`use ${id} of tenant ${tenantId}: ${read.field} ${read.message}`);
    events.push({ ...read, tenantId, source: `service:${product.id}`, id, dimension: meter, at });
    if (events.length === batch) await write();
  }
  await write();
}
