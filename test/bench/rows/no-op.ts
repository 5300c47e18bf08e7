/** The cost of looking after a tenant that needs nothing. */
import pino from 'pino';
import type { JobContext } from '../../../automation/jobs/context.ts';
import { convergeTenant } from '../../../automation/jobs/converge-tenant.ts';
import { KubernetesClient } from '../../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../../automation/providers/kubernetes/kubeconfig.ts';
import { createFingerprints } from '../../../automation/stacks/fingerprint.ts';
import { openDatabase } from '../../../automation/store/database.ts';
import { pay, provision, purchases, watchTenants } from '../customer.ts';
import type { Installation } from '../installation.ts';
import type { Row } from '../row.ts';
import { workerEnv } from '../runner-settings.ts';
import { duration, Samples, summarize, timed } from '../samples.ts';

const targetP99Ms = 20;
const warmUps = 10;

export const noOp: Row = {
  name: 'no-op',
  async run({ quick, install }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const tenants: string[] = [];
    for (const purchase of purchases(5)) {
      const { tenant } = await provision(installation, watch, await pay(installation, purchase));
      tenants.push(tenant.id);
    }
    await installation.untilQuiet();

    const { context, runnersAsked } = jobContext(installation);
    const operationsBefore = await operations(installation);
    const samples = new Samples();
    const rounds = quick ? 5 : 60;
    for (let round = 0; round < warmUps + rounds; round += 1) {
      for (const id of tenants) {
        const { ms } = await timed(() => convergeTenant(context, id));
        if (round >= warmUps) samples.add('converge_ms', ms);
      }
    }
    const operationsMade = (await operations(installation)) - operationsBefore;
    const converge = summarize(samples.of('converge_ms'));
    return [
      {
        figure: 'no-op convergence of an unchanged tenant (p99), no engine',
        measured: `${duration(converge.p99)} (p50 ${duration(converge.p50)})`,
        target: duration(targetP99Ms),
        peer: 'the cold engine operation',
        met: converge.p99 <= targetP99Ms && runnersAsked() === 0 && operationsMade === 0,
        notes: [
          `${converge.count} runs of the job over one tenant of each product: lease, row, every object read from the Kubernetes API and PostgreSQL, comparison, note, lease given back`,
          `Runners asked for: ${runnersAsked()}; operations in the audit trail meanwhile: ${operationsMade}`,
        ],
        samples: samples.summaries(),
      },
    ];
  },
};

/** The job's context as a worker makes it, with a pool of runners that only counts requests. */
function jobContext(installation: Installation) {
  const env = workerEnv(installation);
  const database = openDatabase(env.databaseUrl, { maxConnections: 6, name: 'bench-worker' });
  const relaxedDatabase = openDatabase(env.databaseUrl, {
    maxConnections: 6,
    name: 'bench-worker',
    relaxedCommits: true,
  });
  const tenantDatabase = openDatabase(env.tenantDatabaseUrl, { maxConnections: 2, name: 'bench-worker' });
  const cluster = new KubernetesClient(loadKubeconfig(env.kubeconfig), {}, () => {});
  installation.onEnd(async () => {
    cluster.close();
    await Promise.all([database.close(), relaxedDatabase.close(), tenantDatabase.close()]);
  });
  let asked = 0;
  const context: JobContext = {
    database,
    relaxedDatabase,
    stripe: installation.stripe,
    runners: {
      acquire: async () => {
        asked += 1;
        throw new Error('an unchanged tenant asked for a runner');
      },
      warmUp: async () => {},
      busy: 0,
      close: async () => {},
    },
    fingerprints: createFingerprints(cluster, tenantDatabase),
    cell: env.cell,
    policy: env.policy,
    log: pino({ level: 'warn' }),
    workerId: `bench:${process.pid}`,
    followers: [],
    now: () => new Date(),
  };
  return {
    context,
    runnersAsked: () => asked,
  };
}

async function operations({ database }: Installation): Promise<number> {
  const { rows } = await database.query<{ count: number }>(
    "select count(*) from tenantry.audit where kind = 'operation.started'",
  );
  return rows[0]?.count ?? 0;
}
