import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultPolicy } from '../../automation/policy.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import { resolveTenant } from '../../tenants/tenant.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { until } from '../support/wait.ts';
import { disagreements } from './agreement.ts';
import { newCustomer } from './customer.ts';
import { modelSeed } from './env.ts';
import type { Place, StandingTenant, Turn } from './place.ts';
import { isStep, stepsOf, takeSteps } from './steps.ts';

/**
 * Ten customers take thirty steps each with everything real: API and worker processes, engine, cluster and database.
 * A step that kills a worker here ends the process with everything it started; others replace it.
 */

const sequences = 10;
const length = 30;
/** Another one takes seconds to begin. */
const mostWorkersKilled = 2;

/** What is overdue is suspended at once, and what has ended is deleted: real time does not wait for the simulator's. */
const policy = { ...defaultPolicy, graceMs: 0, retentionMs: 0 };

let tenantry: Tenantry;
beforeAll(async () => {
  tenantry = await startTenantry({
    workers: 2,
    variables: {
      TENANTRY_GRACE_MS: '0',
      TENANTRY_RETENTION_MS: '0',
      TENANTRY_LEASE_TTL_MS: '4000',
    },
  });
});
afterAll(() => tenantry?.stop());

function createPlace(): Place {
  const { stripe: simulator, stripeClient, database } = tenantry;
  const counts: Record<string, number> = {};
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1;
  };
  async function killWorker(luck: number): Promise<void> {
    const { workers } = tenantry.programs;
    const [victim] = workers.splice(luck % workers.length, 1);
    if (!victim) return;
    count('workers killed');
    await victim.kill();
    await tenantry.startWorker();
  }
  /** With its engine, in the middle of an operation. */
  async function killRunner(): Promise<void> {
    const { rows } = await database.query<{ group: number }>(
      'select process_group as "group" from tenantry.lease where process_group is not null limit 1',
    );
    const [lease] = rows;
    if (!lease) return;
    try {
      process.kill(lease.group, 'SIGKILL');
      count('runners killed');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
  return {
    simulator,
    stripeClient,
    database,
    policy,
    now: () => new Date(),
    counts,
    violations: [],
    token: (name) => tenantry.token(`${name}@example.com`),
    request: (method, path, options) => tenantry.request(method, path, options),
    /** The workers work for a moment; now and then a process dies, with all that it has begun. */
    async work({ diesAfter, luck }: Turn) {
      await sleep(luck % 300);
      if (diesAfter === null) return;
      if (luck % 5 === 0 && (counts['workers killed'] ?? 0) < mostWorkersKilled) await killWorker(luck);
      else await killRunner();
    },
    clusterDiffers,
  };
}

async function clusterDiffers(tenants: readonly StandingTenant[]): Promise<string[]> {
  const wrong: string[] = [];
  const read = (path: string) =>
    tenantry.cluster.send({ method: 'GET', path }).then(
      (found) =>
        found as never as { metadata: { labels?: Record<string, string> }; spec?: { replicas?: number } },
      () => null,
    );
  for (const { id, namespace, state, spec } of tenants) {
    const stands = await read(`/api/v1/namespaces/${namespace}`);
    const isOurs = stands?.metadata.labels?.['tenantry.dev/tenant'] === id;
    if (state === 'deleted') {
      if (isOurs) wrong.push(`${id} is deleted and ${namespace} is there`);
      continue;
    }
    if (!isOurs) wrong.push(`${id} has no namespace ${namespace}`);
    const { workload } = tenantObjects(resolveTenant(spec));
    if (!workload) continue;
    const path = `/apis/apps/v1/namespaces/${namespace}/deployments/${workload.metadata.name}`;
    const deployment = await read(path);
    const isRunning = (deployment?.spec?.replicas ?? 0) > 0;
    if (!deployment) wrong.push(`${id} has no deployment`);
    else if (isRunning && state === 'suspended') wrong.push(`${id} is suspended and runs`);
  }
  return wrong;
}

/** Everything still to be delivered, fetched, done or returned. */
async function whatIsBusy(): Promise<string[]> {
  await tenantry.stripe.flushDeliveries();
  const { rows } = await tenantry.database.query<{ busy: string }>(
    `select concat_ws(' ', 'tenant', id, phase, desired_state, desired_generation, observed_generation, reason_message, cause) as busy
       from tenantry.tenant where observed_generation <> desired_generation or unsettled
     union all select 'mark of ' || subscription_id from tenantry.subscription_mark where seq > settled_seq
     union all select concat_ws(' ', 'lease of', tenant_id, holder) from tenantry.lease where expires_at > clock_timestamp()`,
  );
  return rows.map(({ busy }) => busy);
}

test(`after ${sequences} sequences of ${length} steps with the real engine all agree`, async () => {
  const seed = modelSeed();
  console.info(`model with the engine: seed ${seed}`);
  const place = createPlace();
  const [given = []] = fc.sample(
    fc.array(fc.array(stepsOf(0.5), { minLength: length * 8, maxLength: length * 8 }), {
      minLength: sequences,
      maxLength: sequences,
    }),
    { seed, numRuns: 1 },
  );
  const all = given.map((steps, index) => ({ customer: newCustomer(`engine-${index}`), steps }));
  const customers = all.map(({ customer }) => customer);
  await takeSteps(place, all, length);
  place.simulator.setFaults({ drop: 0, duplicate: 0, reorder: 0, delayMs: 0 });
  let wrong: readonly string[] = ['nothing was compared yet'];
  await until(
    async () => {
      const busy = await whatIsBusy();
      // A sweep may be about to find what no webhook told.
      wrong = busy.length > 0 ? busy : await disagreements(place, customers);
      return wrong.length === 0;
    },
    { intervalMs: 500, what: 'agreement' },
  ).catch(() => {});
  const told = [`seed ${seed}; again with TENANTRY_MODEL_SEED=${seed}`, ...wrong.slice(0, 20)].join('\n');
  expect(wrong, told).toEqual([]);
  const steps = customers.flatMap(({ story }) => story.filter(isStep));
  expect(steps.length).toBeGreaterThanOrEqual(sequences * length);
  console.info(`model with the engine: ${steps.length} steps; ${JSON.stringify(place.counts)}`);
}, 600_000);
