import { viewer } from './roles.ts';
import type { Measure, MeteredDimension, MeterSection, Plan, Product, TypicalMonth } from './types.ts';
import { cents, cpus, gibibytes, mebibytes } from './units.ts';

/**
 * Dedicated developer workspaces: section 1 of the requirements.
 *
 * Requirements: prices, CPU, memory, storage, sessions, API calls, namespace name, alerts.
 * Our choice: the quota leaves room beside the workspace for one backup pod (500m, 512Mi) and for a second
 * volume of the same size while a backup is restored.
 */

function plan(options: {
  id: string;
  name: string;
  dollars: number;
  cpu: number;
  memoryGi: number;
  storageGi: number;
  concurrentSessions: number;
  /** Null where calls run on the user's own key and do not count. */
  apiCallsPerMonth: number | null;
  features: readonly string[];
  typicalMonth: TypicalMonth;
}): Plan {
  return {
    id: options.id,
    name: options.name,
    price: { kind: 'flat', priceCents: cents(options.dollars), interval: 'month' },
    features: options.features,
    entitlements: {
      concurrentSessions: options.concurrentSessions,
      apiCallsPerMonth: options.apiCallsPerMonth,
      apiKey: options.apiCallsPerMonth === null ? 'own' : 'included',
    },
    compute: { cpuMillis: cpus(options.cpu), memoryBytes: gibibytes(options.memoryGi) },
    volumeBytes: gibibytes(options.storageGi),
    quota: {
      cpuMillis: cpus(options.cpu) + 500,
      memoryBytes: gibibytes(options.memoryGi) + mebibytes(512),
      storageBytes: gibibytes(2 * options.storageGi),
      pods: 3,
      services: 2,
      persistentVolumeClaims: 2,
    },
    autoscaling: null,
    warmPods: 0,
    dataIsolation: 'none',
    databaseConnections: 0,
    typicalMonth: options.typicalMonth,
  };
}

export const workspace: Product = {
  id: 'workspace',
  name: 'Workspace',
  description: 'A dedicated developer workspace that survives between sessions.',
  plans: [
    plan({
      id: 'byoc',
      name: 'Bring your own key',
      dollars: 15,
      cpu: 2,
      memoryGi: 4,
      storageGi: 50,
      concurrentSessions: 1,
      apiCallsPerMonth: null,
      features: [
        '2 CPU, 4 GiB memory',
        '50 GiB storage',
        '1 concurrent session',
        'API calls on your own key',
      ],
      // Stopped between sessions, so it runs twelve hours a week.
      typicalMonth: {
        share: 1_200,
        users: 1,
        podHours: 52,
        databaseGb: 0,
        egressGb: 4,
        ingressGb: 6,
        requestsThousands: 30,
      },
    }),
    plan({
      id: 'we-manage',
      name: 'We manage',
      dollars: 20,
      cpu: 4,
      memoryGi: 8,
      storageGi: 100,
      concurrentSessions: 3,
      apiCallsPerMonth: 1_000,
      features: [
        '4 CPU, 8 GiB memory',
        '100 GiB storage',
        '3 concurrent sessions',
        '1,000 API calls a month',
      ],
      typicalMonth: {
        share: 1_000,
        users: 1,
        podHours: 52,
        databaseGb: 0,
        egressGb: 6,
        ingressGb: 8,
        requestsThousands: 45,
      },
    }),
  ],
  meters: [
    meter('workspace_cpu_seconds', 'CPU', 'CPU-second', { from: 'cpu', as: 'second' }, 'compute'),
    meter('workspace_memory_gb_seconds', 'Memory', 'GB-second', { from: 'memory', as: 'second' }, 'compute'),
    meter('workspace_storage_gb_hours', 'Storage', 'GB-hour', { from: 'storage', as: 'hour' }, 'storage'),
    meter('workspace_api_calls', 'API calls', 'call', { from: 'told', as: 'count' }, 'other'),
  ],
  limits: [
    { entitlement: 'apiCallsPerMonth', name: 'API calls of this month', meters: ['workspace_api_calls'] },
  ],
  applies: ['concurrentSessions'],
  objectives: [],
  alerts: {
    memory: {
      description: "A workspace's memory in percent of its limit",
      comparison: 'above',
      value: 90,
      unit: 'percent',
      forSeconds: 300,
    },
  },
  namespace: {
    from: 'tenantId',
    prefix: 'beta-user-',
    labels: { user: 'owner', plan: 'plan', created: 'createdOn' },
    people: viewer,
  },
  slotPlan: 'byoc',
  // code-server: the editor in the browser. The control plane is the only way in, and decides who may enter.
  image: 'docker.io/codercom/code-server:4.112.0-noble',
  runtime: {
    ports: [{ name: 'http', port: 8080 }],
    scheme: 'http',
    args: ['--bind-addr=0.0.0.0:8080', '--auth=none', '--disable-telemetry', '/home/coder'],
    env: { HOME: '/home/coder' },
    volumePath: '/home/coder',
    livePath: '/healthz',
    readyPath: '/healthz',
    scratchBytes: gibibytes(1),
    internetPorts: [22, 80, 443],
    terminationGraceSeconds: 30,
  },
};

/** A meter whose use the plan's price includes. */
function meter(
  id: string,
  name: string,
  unit: string,
  measure: Measure,
  section: MeterSection,
): MeteredDimension {
  return { id, name, unit, measure, section, unitPriceMicros: null, unitCostMicros: null };
}
