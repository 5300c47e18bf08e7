import { viewer } from './roles.ts';
import type { MeteredDimension, Plan, Product, TypicalMonth } from './types.ts';
import { cents, cpus, hoursPerMonth, mebibytes, micros } from './units.ts';

/**
 * Agent tasks: section 4 of the requirements.
 *
 * Requirements: prices, tasks, requests a minute of Free, cost of a task per agent, private sandboxes and API access
 * of Enterprise, database per tenant as the stronger isolation.
 * Our choice: the basic agent is `opencode`, whose tasks cost nothing; requests a minute of Pro (60) and Enterprise
 * (600); compute and quotas; Free and Pro share a database, Enterprise has its own; ten sandboxes at once, each as
 * large as the plan's gateway pod.
 */

/** What one task costs us, in micro-dollars: the estimate with which it is admitted. */
export const taskCostMicros = {
  claude: micros(0.5),
  codex: micros(0.3),
  perplexity: micros(0.2),
  cursor: micros(0.25),
  opencode: micros(0),
} as const;
export type AgentId = keyof typeof taskCostMicros;

export const basicAgent: AgentId = 'opencode';
const everyAgent = Object.keys(taskCostMicros);

const taskMeter = (agent: string) => `agents_tasks_${agent}`;

const sandboxes = 10;

function plan(options: {
  id: string;
  name: string;
  dollars: number;
  tasksPerMonth: number | null;
  agents: readonly string[];
  requestsPerMinute: number;
  priority: boolean;
  /** Includes private sandboxes, access to the API and the tenant's own database. */
  enterprise: boolean;
  cpu: number;
  memoryMi: number;
  databaseConnections: number;
  features: readonly string[];
  typicalMonth: TypicalMonth;
}): Plan {
  // The gateway, twice during a rollout, and the sandboxes.
  const pods = 2 + (options.enterprise ? sandboxes : 0);
  return {
    id: options.id,
    name: options.name,
    price: { kind: 'flat', priceCents: cents(options.dollars), interval: 'month' },
    features: options.features,
    entitlements: {
      tasksPerMonth: options.tasksPerMonth,
      agents: options.agents,
      requestsPerMinute: options.requestsPerMinute,
      priority: options.priority,
      privateSandboxes: options.enterprise,
      concurrentSandboxes: options.enterprise ? sandboxes : 0,
      apiAccess: options.enterprise,
    },
    compute: { cpuMillis: cpus(options.cpu), memoryBytes: mebibytes(options.memoryMi) },
    volumeBytes: null,
    quota: {
      cpuMillis: pods * cpus(options.cpu),
      memoryBytes: pods * mebibytes(options.memoryMi),
      storageBytes: 0,
      pods,
      services: 2,
      persistentVolumeClaims: 0,
    },
    autoscaling: null,
    warmPods: 0,
    dataIsolation: options.enterprise ? 'database' : 'schema',
    databaseConnections: options.databaseConnections,
    typicalMonth: options.typicalMonth,
  };
}

export const agents: Product = {
  id: 'agents',
  name: 'Agents',
  description: 'Tasks for coding and research agents, metered by the task.',
  plans: [
    plan({
      id: 'free',
      name: 'Free',
      dollars: 0,
      tasksPerMonth: 10,
      agents: [basicAgent],
      requestsPerMinute: 5,
      priority: false,
      enterprise: false,
      cpu: 0.25,
      memoryMi: 512,
      databaseConnections: 3,
      features: ['10 tasks a month', 'Basic agent only', '5 requests a minute'],
      typicalMonth: {
        share: 700,
        users: 1,
        podHours: hoursPerMonth,
        databaseGb: 0.05,
        egressGb: 0.2,
        ingressGb: 0.5,
        requestsThousands: 5,
      },
    }),
    plan({
      id: 'pro',
      name: 'Pro',
      dollars: 19,
      tasksPerMonth: 100,
      agents: everyAgent,
      requestsPerMinute: 60,
      priority: true,
      enterprise: false,
      cpu: 0.5,
      memoryMi: 1024,
      databaseConnections: 10,
      features: ['100 tasks a month', 'All agents', 'Priority'],
      typicalMonth: {
        share: 800,
        users: 1,
        podHours: hoursPerMonth,
        objectsGb: 1,
        databaseGb: 0.3,
        egressGb: 1,
        ingressGb: 3,
        requestsThousands: 30,
      },
    }),
    plan({
      id: 'enterprise',
      name: 'Enterprise',
      dollars: 99,
      tasksPerMonth: null,
      agents: everyAgent,
      requestsPerMinute: 600,
      priority: true,
      enterprise: true,
      cpu: 1,
      memoryMi: 2048,
      databaseConnections: 25,
      features: [
        'Unlimited tasks',
        'All agents, priority',
        'Private sandboxes',
        'API access',
        'A database of your own',
      ],
      // The gateway, and sandboxes of ten minutes for 600 tasks.
      typicalMonth: {
        share: 200,
        users: 15,
        podHours: hoursPerMonth + 100,
        objectsGb: 10,
        databaseGb: 3,
        egressGb: 5,
        ingressGb: 20,
        requestsThousands: 300,
      },
    }),
  ],
  meters: [
    ...Object.entries(taskCostMicros).map(([agent, unitCostMicros]) =>
      meter(taskMeter(agent), `Tasks of ${agent}`, 'task', unitCostMicros),
    ),
    meter('agents_requests', 'Requests', 'request', null),
  ],
  limits: [{ entitlement: 'tasksPerMonth', name: 'tasks of this month', meters: everyAgent.map(taskMeter) }],
  applies: ['requestsPerMinute', 'concurrentSandboxes'],
  objectives: [],
  alerts: {},
  namespace: { from: 'tenantId', prefix: 'agents-', people: viewer },
  sandboxes: { entitlement: 'privateSandboxes', ports: [4096], internetPorts: [22, 80, 443] },
  slotPlan: 'pro',
  // opencode: the basic agent as a server, to which the control plane sends tasks.
  image: 'ghcr.io/anomalyco/opencode:1.0.196',
  runtime: {
    ports: [{ name: 'http', port: 4096 }],
    scheme: 'http',
    args: ['serve', '--hostname=0.0.0.0', '--port=4096'],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: null,
    readyPath: null,
    scratchBytes: mebibytes(512),
    internetPorts: [22, 80, 443],
    terminationGraceSeconds: 60,
  },
};

/** A meter that counts what happens and that the plan's price includes. */
function meter(id: string, name: string, unit: string, unitCostMicros: number | null): MeteredDimension {
  return {
    id,
    name,
    unit,
    measure: { from: 'told', as: 'count' },
    section: 'other',
    unitPriceMicros: null,
    unitCostMicros,
  };
}
