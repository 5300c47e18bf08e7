/**
 * One world for many customers: the real API, jobs, PostgreSQL and simulated Stripe; cluster and engine in memory; and
 * workers that come, work for a while and are killed.
 */
import { openDatabase } from '../../automation/store/database.ts';
import { type Service, startService } from '../support/service.ts';
import { type ClusterInMemory, createCluster, objectsOf } from './cluster.ts';
import type { Place, StandingTenant, Turn } from './place.ts';
import { createWorker, type ModelWorker, policy, type Surroundings, type WorkerOptions } from './worker.ts';

export interface World extends Surroundings, Place {
  readonly service: Service;
  worker(options?: Omit<WorkerOptions, 'id'>): ModelWorker;
  /** Notes a worker's end; the lease of a dead one runs out at the next rest. */
  dismiss(worker: ModelWorker): void;
  /**
   * Delivers pending events, lets dead workers' leases run out, sweeps and works until nothing changes any more.
   * @throws when that never happens
   */
  rest(): Promise<void>;
  stop(): Promise<void>;
}

/** What an operator would configure as our endpoint's events. */
const toldOf = [
  'checkout.session.completed',
  'customer.subscription.created',
  'customer.subscription.deleted',
  'customer.subscription.paused',
  'customer.subscription.resumed',
  'customer.subscription.updated',
  'invoice.paid',
  'invoice.payment_failed',
];

/** After this many sweeps a world that still changes counts as one that never rests. */
const patience = 40;

export async function startWorld(): Promise<World> {
  const service = await startService({ logLevel: 'warn' });
  const database = openDatabase(service.databaseUrl, {
    maxConnections: 16,
    name: 'model',
    relaxedCommits: true,
  });
  const { simulator } = service;
  const destination = { url: `${service.url}/webhooks/stripe`, secret: service.webhookSecret };
  simulator.setDestinations([
    { ...destination, form: 'snapshot', events: toldOf.filter((type) => !type.startsWith('invoice')) },
    { ...destination, form: 'thin', events: toldOf.filter((type) => type.startsWith('invoice')) },
  ]);
  const cluster = createCluster();
  const surroundings: Surroundings = {
    database,
    cluster,
    stripe: simulator,
    now: () => new Date(simulator.clock().now * 1000),
  };
  const counts: Record<string, number> = {};
  const surprises: string[] = [];
  const dead: string[] = [];
  let workers = 0;

  const worker: World['worker'] = (options = {}) => {
    workers += 1;
    return createWorker(surroundings, { ...options, id: `worker-${workers}` });
  };

  const dismiss: World['dismiss'] = (one) => {
    surprises.push(...one.failures);
    if (one.isDead) dead.push(one.id);
  };

  async function deliverAll(): Promise<void> {
    for (let round = 0; round < patience; round += 1) {
      if ((simulator.state().deliveries.pending ?? 0) === 0) return;
      await simulator.flushDeliveries();
    }
    throw new Error('deliveries never end');
  }

  async function letLeasesRunOut(): Promise<void> {
    await cluster.still();
    await database.query(
      `update tenantry.lease set expires_at = clock_timestamp() - interval '1 s' where holder = any($1)`,
      [dead],
    );
    await database.query(
      `update tenantry.turn set expires_at = clock_timestamp() - interval '1 s' where holder = any($1)`,
      [dead],
    );
  }

  /** Everything that the jobs write, as one text that differs when any of it does. */
  async function everything(): Promise<string> {
    const { rows } = await database.query<{ all: string }>(
      `select concat_ws('/',
         (select md5(string_agg(concat_ws(' ', id, desired_state, desired_generation, observed_generation, phase), ',' order by id))
            from tenantry.tenant),
         (select md5(string_agg(concat_ws(' ', id, status, plan, seats, cancel_at_period_end, current_period_end), ',' order by id))
            from tenantry.subscription),
         (select count(*) from tenantry.ledger_entry),
         (select count(*) from tenantry.tenant where observed_generation <> desired_generation and not permanent)) as all`,
    );
    return rows[0]?.all ?? '';
  }

  async function whatMoves(): Promise<string> {
    const { rows } = await database.query(
      `select tenant.id, phase, desired_state, observed_generation as observed, desired_generation as desired, reason_message,
         cause, next_try_at, holder, expires_at, (select json_agg(json_build_object('locked', j.locked_at, 'run_at', j.run_at,
           'attempts', j.attempts, 'error', j.last_error)) from graphile_worker._private_jobs j
           where j.payload->>'tenantId' = tenant.id) as jobs
       from tenantry.tenant left join tenantry.lease on tenant_id = tenant.id where observed_generation <> desired_generation`,
    );
    return rows.map((row) => JSON.stringify(row)).join('\n');
  }

  async function rest(): Promise<void> {
    simulator.setFaults({ drop: 0, duplicate: 0, reorder: 0, delayMs: 0 });
    let before = '';
    for (let round = 0; round < patience; round += 1) {
      await deliverAll();
      await letLeasesRunOut();
      const keeper = worker();
      await keeper.work();
      const failed = await keeper.sweep();
      if (failed.length > 0) throw new Error(`steps of the sweep failed: ${failed.join(', ')}`);
      await keeper.work();
      dismiss(keeper);
      const now = await everything();
      if (now === before && now.endsWith('/0')) return;
      before = now;
    }
    throw new Error(`the world never came to rest:\n${await whatMoves()}`);
  }

  return {
    ...surroundings,
    service,
    simulator,
    stripeClient: service.stripe,
    policy,
    counts,
    get violations() {
      return [...cluster.violations, ...surprises];
    },
    token: (name) => service.identity.token(name, 'tenant'),
    request: service.request,
    worker,
    dismiss,
    rest,
    async work({ jobs, diesAfter, luck, sweeps }: Turn) {
      const chance = dice(luck);
      const one = worker({
        diesAfter,
        stripeFails: () => chance(50),
        fate: { diesAfter: () => (chance(12) ? luck % 12 : null), fails: () => chance(20) },
      });
      if (sweeps) await one.sweep();
      await one.work(jobs);
      if (one.isDead) counts.killed = (counts.killed ?? 0) + 1;
      dismiss(one);
    },
    clusterDiffers: async (tenants) => clusterDiffers(cluster, tenants),
    async stop() {
      await cluster.still();
      await database.close();
      await service.stop();
    },
  };
}

/** Returns true once in so many times, the same for the same seed. */
function dice(seed: number): (oneIn: number) => boolean {
  let state = seed | 1;
  return (oneIn) => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223;
    return (state >>> 8) % oneIn === 0;
  };
}

function clusterDiffers({ namespaces }: ClusterInMemory, tenants: readonly StandingTenant[]): string[] {
  const wrong: string[] = [];
  const known = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  for (const [name, { tenantId }] of namespaces) {
    const owner = known.get(tenantId);
    if (!owner || owner.state === 'deleted') wrong.push(`namespace ${name} is left of ${tenantId}`);
  }
  for (const { id, namespace, state, spec } of tenants) {
    if (state === 'deleted') continue;
    const stands = namespaces.get(namespace);
    const wanted = objectsOf(spec);
    const there = stands?.tenantId === id ? stands.objects : new Map<string, string>();
    const others = [...new Set([...wanted.keys(), ...there.keys()])].filter(
      (name) => wanted.get(name) !== there.get(name),
    );
    if (others.length > 0)
      wrong.push(`${id}: ${others.join(', ')} in the cluster are not as the program declares them`);
  }
  return wrong;
}
