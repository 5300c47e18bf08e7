import type { Plan, Product } from './types.ts';
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
  /** null: calls run on the user's own key and are not counted against the plan. */
  apiCallsPerMonth: number | null;
  features: readonly string[];
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
    }),
  ],
  meters: [
    {
      id: 'workspace_cpu_seconds',
      name: 'CPU',
      unit: 'CPU-second',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
    {
      id: 'workspace_memory_gb_seconds',
      name: 'Memory',
      unit: 'GB-second',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
    {
      id: 'workspace_storage_gb_hours',
      name: 'Storage',
      unit: 'GB-hour',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
    {
      id: 'workspace_api_calls',
      name: 'API calls',
      unit: 'call',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
  ],
  figures: {},
  objectives: [],
  alerts: [
    {
      id: 'workspace-memory',
      description: "A workspace's memory in percent of its limit",
      comparison: 'above',
      value: 90,
      unit: 'percent',
      forSeconds: 300,
    },
    {
      id: 'workspace-subscription-ends',
      description: 'Days left in the subscription',
      comparison: 'below',
      value: 3,
      unit: 'days',
      forSeconds: 0,
    },
  ],
  namespace: {
    from: 'tenantId',
    prefix: 'beta-user-',
    labels: { user: 'owner', plan: 'plan', created: 'createdOn' },
    people: 'view',
  },
  slotPlan: 'byoc',
  // code-server: the editor in the browser. Who may enter is decided by the control plane, the only way in.
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
