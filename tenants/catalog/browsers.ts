import { viewer } from './roles.ts';
import type { Autoscaling, NamespaceQuota, Plan, Product } from './types.ts';
import { cents, gigabytes, hoursPerMonth, mebibytes, micros } from './units.ts';

/**
 * Browser sessions on credits: section 2 of the requirements.
 *
 * Requirements: prices, credits, quota of pods and memory, the autoscaler's range, warm pods, unit cost and price,
 * the figures to beat. One session costs one credit.
 * Our choice: a pod's memory is the quota shared by its 50 pods (128 MB), its CPU 200m; the autoscaler's target and
 * pace; Starter, which has no sessions, runs no pods; Enterprise's 50,000 is the least that is agreed by hand.
 */

const maxPods = 50;
const memoryBytes = gigabytes(6.4);
const cpuMillisPerPod = 200;

const quota: NamespaceQuota = {
  cpuMillis: maxPods * cpuMillisPerPod,
  memoryBytes,
  storageBytes: 0,
  pods: maxPods,
  services: 5,
  persistentVolumeClaims: 0,
};

const autoscaling: Autoscaling = {
  minReplicas: 5,
  maxReplicas: maxPods,
  cpuUtilizationPercent: 60,
  scaleUp: { pods: 10, periodSeconds: 15, stabilizationSeconds: 0 },
  scaleDown: { pods: 2, periodSeconds: 60, stabilizationSeconds: 300 },
};

const pool = {
  compute: { cpuMillis: cpuMillisPerPod, memoryBytes: memoryBytes / maxPods },
  volumeBytes: null,
  quota,
  autoscaling,
  warmPods: 5,
  dataIsolation: 'none',
  databaseConnections: 0,
} as const satisfies Partial<Plan>;

export const browsers: Product = {
  id: 'browsers',
  name: 'Browsers',
  description: 'Browser sessions on credits, from a pool of warm pods of your own.',
  plans: [
    {
      ...pool,
      id: 'starter',
      name: 'Starter',
      price: { kind: 'flat', priceCents: 0, interval: 'month' },
      features: ['An account and its API', 'No sessions'],
      entitlements: { sessionsPerMonth: 0 },
      compute: null,
      quota: { ...quota, cpuMillis: 0, memoryBytes: 0, pods: 0 },
      autoscaling: null,
      warmPods: 0,
      typicalMonth: {
        share: 300,
        users: 1,
        podHours: 0,
        databaseGb: 0,
        egressGb: 0,
        ingressGb: 0,
        requestsThousands: 1,
      },
    },
    {
      ...pool,
      id: 'professional',
      name: 'Professional',
      price: { kind: 'flat', priceCents: cents(49), interval: 'month' },
      features: ['5,000 sessions a month', '5 warm browsers, up to 50', 'Chrome DevTools Protocol'],
      entitlements: { sessionsPerMonth: 5_000 },
      // Five warm pods all the time, and sessions of three minutes, most of which find one of the five.
      typicalMonth: {
        share: 800,
        users: 3,
        podHours: 5 * hoursPerMonth + 50,
        databaseGb: 0,
        egressGb: 20,
        ingressGb: 60,
        requestsThousands: 150,
      },
    },
    {
      ...pool,
      id: 'enterprise',
      name: 'Enterprise',
      price: { kind: 'custom' },
      features: ['50,000 sessions a month and more', '5 warm browsers, up to 50', 'Agreed by hand'],
      entitlements: { sessionsPerMonth: 50_000 },
      typicalMonth: {
        share: 100,
        users: 10,
        podHours: 5 * hoursPerMonth + 2_000,
        databaseGb: 0,
        egressGb: 200,
        ingressGb: 600,
        requestsThousands: 1_500,
      },
    },
  ],
  meters: [
    {
      id: 'browsers_sessions',
      name: 'Sessions',
      unit: 'session',
      measure: { from: 'told', as: 'count' },
      section: 'other',
      unitPriceMicros: micros(0.01),
      unitCostMicros: micros(0.002107),
    },
    {
      id: 'browsers_session_seconds',
      name: 'Session time',
      unit: 'second',
      measure: { from: 'told', as: 'count' },
      section: 'other',
      unitPriceMicros: null,
      unitCostMicros: null,
    },
  ],
  limits: [
    { entitlement: 'sessionsPerMonth', name: 'sessions of this month', meters: ['browsers_sessions'] },
  ],
  credits: { entitlement: 'sessionsPerMonth', creditsPerUse: 1 },
  objectives: [
    objective('browsers-namespace', 'Payment until the namespace exists', 'atMost', 1_000, 'ms'),
    objective('browsers-session-create', 'Session create', 'below', 200, 'ms'),
    objective('browsers-session-create-warm', 'Session create from a warm pod', 'below', 100, 'ms'),
    objective('browsers-session-create-on-demand', 'Session create on demand', 'atMost', 500, 'ms'),
    objective('browsers-warm-hit-rate', 'Sessions that find a warm pod', 'above', 90, 'percent'),
    objective('browsers-orphans', 'Kubernetes objects without a tenant', 'atMost', 0, 'objects'),
  ],
  alerts: {},
  namespace: { from: 'tenantId', prefix: 'customer-', people: viewer },
  slotPlan: 'professional',
  // headless-shell: Chrome without a screen, driven through its DevTools protocol. A browser's profile is scratch.
  image: 'docker.io/chromedp/headless-shell:143.0.7499.170',
  runtime: {
    ports: [{ name: 'cdp', port: 9222 }],
    scheme: 'ws',
    args: ['--disable-dev-shm-usage'],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: '/json/version',
    readyPath: '/json/version',
    scratchBytes: mebibytes(256),
    internetPorts: [80, 443],
    terminationGraceSeconds: 60,
  },
};

function objective(
  id: string,
  description: string,
  comparison: 'above' | 'below' | 'atMost',
  value: number,
  unit: string,
) {
  return { id, description, comparison, value, unit, forSeconds: 0 };
}
