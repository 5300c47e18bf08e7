/** What services give a worker to do: tasks, and steps of the cell's sweep. */
import { inspect } from 'node:util';
import type { TaskList } from 'graphile-worker';
import { z } from 'zod';
import type { Product } from '../../tenants/catalog/types.ts';
import { readUse, type UsageEvent, writeEvents } from '../metering/index.ts';
import { type Service, type ServiceUse, serviceTaskName, type WorkerServiceContext } from '../service.ts';
import type { Database } from '../store/database.ts';
import { findTenants } from '../store/tenants.ts';
import { type SweepSteps, task, type Work } from '../work/index.ts';

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

/** All services' tasks, under the queue's names for this cell. */
function tasksOf(services: readonly Service[], context: WorkerServiceContext): TaskList {
  return Object.fromEntries(
    services.flatMap(({ product, tasks = {} }) =>
      Object.entries(tasks).map(([name, job]) => [
        serviceTaskName(product.id, name, context.cell.id),
        task(job.payload, (payload) => job.run(payload, context)),
      ]),
    ),
  );
}

/** All services' steps, named `<product>.<step>`. The step `usage` counts the use that a service tells. */
function stepsOf(services: readonly Service[], context: WorkerServiceContext): SweepSteps {
  return Object.fromEntries(
    services.flatMap(({ product, sweep = {}, usage }) => [
      ...Object.entries(sweep).map(([name, step]) => [`${product.id}.${name}`, () => step(context)] as const),
      ...(usage ? [[`${product.id}.usage`, () => tellUse(product, usage(context), context)] as const] : []),
    ]),
  );
}

/** Most uses that one transaction counts. */
const batch = 500;

/**
 * Counts every use that can count.
 * @throws Error, after that, which names each use that cannot count, and why
 */
async function tellUse(
  product: Product,
  told: AsyncIterable<ServiceUse> | Iterable<ServiceUse>,
  { database, now }: WorkerServiceContext,
): Promise<void> {
  const problems: string[] = [];
  let waiting: ServiceUse[] = [];
  const count = async () => {
    const uses = waiting;
    waiting = [];
    problems.push(...(await countUses(database, product, uses, now())));
  };
  try {
    for await (const use of told) {
      waiting.push(use);
      if (waiting.length === batch) await count();
    }
  } finally {
    // If the service fails while it tells, count what it told before.
    await count();
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

/** The shape of a use, with ids as `POST /v1/usage` takes them. `readUse` checks whether it can count. */
const useForm = z.object({
  tenantId: z.string(),
  id: z.string().regex(/^[!-~]{1,200}$/, 'must be 1 to 200 printable ASCII characters without spaces'),
  meter: z.string(),
  at: z.date(),
  quantity: z.string(),
});

/** @returns a problem for each use that cannot count */
async function countUses(
  database: Database,
  product: Product,
  uses: readonly ServiceUse[],
  now: Date,
): Promise<string[]> {
  const problems: string[] = [];
  const formed = uses.flatMap((use) => {
    const { success, error, data } = useForm.safeParse(use);
    if (success) return [data];
    problems.push(`use ${inspect(use, { breakLength: Infinity })}: ${z.prettifyError(error)}`);
    return [];
  });
  const found = await findTenants(database, [...new Set(formed.map(({ tenantId }) => tenantId))]);
  const own = new Set(found.filter((tenant) => tenant.product === product.id).map(({ id }) => id));
  const events = formed.flatMap(({ tenantId, id, meter, at, quantity }): UsageEvent[] => {
    const name = nameOf({ tenantId, id });
    if (!own.has(tenantId)) {
      problems.push(`${name}: there is no such tenant of ${product.id}`);
      return [];
    }
    const read = readUse(product.id, { dimension: meter, at, quantity }, now);
    if ('message' in read) {
      problems.push(`${name}: ${read.field} ${read.message}`);
      return [];
    }
    return [{ ...read, tenantId, source: `service:${product.id}`, id, dimension: meter, at }];
  });
  if (events.length === 0) return problems;
  const outcomes = await database.transaction((client) => writeEvents(client, events));
  const conflicts = events.filter((_, index) => outcomes[index] === 'conflict');
  return [
    ...problems,
    ...conflicts.map((event) => `${nameOf(event)}: id was told before for another meter or quantity`),
  ];
}

function nameOf({ tenantId, id }: Pick<ServiceUse, 'tenantId' | 'id'>): string {
  return `use ${id} of tenant ${tenantId}`;
}
