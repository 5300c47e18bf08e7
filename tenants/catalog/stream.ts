import { reading, viewer, writing } from './roles.ts';
import type {
  Autoscaling,
  Measure,
  MeteredDimension,
  NamespaceQuota,
  Plan,
  Product,
  TypicalMonth,
} from './types.ts';
import { cents, cpus, gibibytes, gigabytes, mebibytes, micros, tebibytes } from './units.ts';

/**
 * Streamed desktop sessions for companies: section 5 of the requirements.
 *
 * Requirements: prices, sessions, memory, retention, compliance, usage prices, Business's quota, the autoscaler with
 * its pace, availability, RTO, RPO.
 * Our choice: the GB of a plan are the memory of its sessions (both Professional and Business then give one session
 * 3.2 GB), and ten replicas, the autoscaler's most, have them together; CPU per replica; quotas of the other plans
 * (the replicas and as much again for what a tenant runs beside them); Enterprise, agreed by hand, starts from
 * twice Business; connections; how many seats are sold without an agreement; trials of 14 days for what is sold by the seat.
 */

const maxReplicas = 10;

/** Customers who want more seats agree on them by hand. */
const maxSeats = 10_000;

const autoscaling: Autoscaling = {
  minReplicas: 0,
  maxReplicas,
  cpuUtilizationPercent: 70,
  memoryUtilizationPercent: 80,
  scaleDown: { pods: 1, periodSeconds: 60, stabilizationSeconds: 300 },
  scaleUp: { pods: 2, periodSeconds: 30, stabilizationSeconds: 0 },
  recommendsRequests: true,
};

const businessQuota: NamespaceQuota = {
  cpuMillis: cpus(100),
  memoryBytes: gibibytes(200),
  storageBytes: tebibytes(1),
  pods: 500,
  services: 100,
  persistentVolumeClaims: 100,
};

function plan(options: {
  id: string;
  name: string;
  price: Plan['price'];
  trialDays?: number;
  sessions: number | null;
  memoryGb: number | null;
  /** Memory of all replicas together. */
  replicasMemoryGb: number;
  replicaCpu: number;
  recordingRetentionDays: number;
  compliance: boolean;
  availabilityBasisPoints: number;
  rtoMinutes: number | null;
  rpoMinutes: number | null;
  quota: NamespaceQuota;
  dataIsolation: 'schema' | 'database';
  databaseConnections: number;
  features: readonly string[];
  typicalMonth: TypicalMonth;
}): Plan {
  return {
    id: options.id,
    name: options.name,
    price: options.price,
    ...(options.trialDays !== undefined && { trialDays: options.trialDays }),
    features: options.features,
    entitlements: {
      sessions: options.sessions,
      memoryGb: options.memoryGb,
      recordingRetentionDays: options.recordingRetentionDays,
      compliance: options.compliance,
      availabilityBasisPoints: options.availabilityBasisPoints,
      rtoMinutes: options.rtoMinutes,
      rpoMinutes: options.rpoMinutes,
    },
    compute: {
      cpuMillis: cpus(options.replicaCpu),
      memoryBytes: gigabytes(options.replicasMemoryGb) / maxReplicas,
    },
    volumeBytes: null,
    quota: options.quota,
    autoscaling,
    warmPods: 0,
    dataIsolation: options.dataIsolation,
    databaseConnections: options.databaseConnections,
    typicalMonth: options.typicalMonth,
  };
}

export const stream: Product = {
  id: 'stream',
  name: 'Stream',
  description: 'Streamed desktop sessions for companies.',
  plans: [
    plan({
      id: 'free',
      name: 'Free',
      price: { kind: 'flat', priceCents: 0, interval: 'month' },
      sessions: 1,
      memoryGb: 2,
      replicasMemoryGb: 2,
      replicaCpu: 0.1,
      recordingRetentionDays: 7,
      compliance: false,
      availabilityBasisPoints: 9_900,
      rtoMinutes: null,
      rpoMinutes: null,
      quota: {
        cpuMillis: cpus(2),
        memoryBytes: gigabytes(4),
        storageBytes: gibibytes(10),
        pods: 20,
        services: 5,
        persistentVolumeClaims: 2,
      },
      dataIsolation: 'schema',
      databaseConnections: 3,
      features: ['1 session', '2 GB memory', 'Recordings kept 7 days'],
      typicalMonth: { share: 800, databaseGb: 0.05, ...company(1, 8, 10) },
    }),
    plan({
      id: 'professional',
      name: 'Professional',
      price: { kind: 'perSeat', priceCents: cents(29), interval: 'month', maxSeats },
      trialDays: 14,
      sessions: 5,
      memoryGb: 16,
      replicasMemoryGb: 16,
      replicaCpu: 0.5,
      recordingRetentionDays: 30,
      compliance: false,
      availabilityBasisPoints: 9_950,
      rtoMinutes: null,
      rpoMinutes: null,
      quota: {
        cpuMillis: cpus(10),
        memoryBytes: gigabytes(32),
        storageBytes: gibibytes(100),
        pods: 50,
        services: 20,
        persistentVolumeClaims: 20,
      },
      dataIsolation: 'schema',
      databaseConnections: 10,
      features: ['5 sessions', '16 GB memory', 'Recordings kept 30 days'],
      typicalMonth: { share: 1_600, databaseGb: 0.5, ...company(4, 60, 2) },
    }),
    plan({
      id: 'business',
      name: 'Business',
      price: { kind: 'perSeat', priceCents: cents(99), interval: 'month', maxSeats },
      trialDays: 14,
      sessions: 20,
      memoryGb: 64,
      replicasMemoryGb: 64,
      replicaCpu: 2,
      recordingRetentionDays: 90,
      compliance: true,
      availabilityBasisPoints: 9_990,
      rtoMinutes: 60,
      rpoMinutes: 60,
      quota: businessQuota,
      dataIsolation: 'schema',
      databaseConnections: 25,
      features: ['20 sessions', '64 GB memory', 'Data kept where GDPR demands', 'Recordings kept 90 days'],
      typicalMonth: { share: 800, databaseGb: 3, ...company(18, 90, 0.5) },
    }),
    plan({
      id: 'enterprise',
      name: 'Enterprise',
      price: { kind: 'custom' },
      sessions: null,
      memoryGb: null,
      replicasMemoryGb: 128,
      replicaCpu: 4,
      recordingRetentionDays: 365,
      compliance: true,
      availabilityBasisPoints: 9_999,
      rtoMinutes: 15,
      rpoMinutes: 5,
      quota: {
        cpuMillis: cpus(200),
        memoryBytes: gibibytes(400),
        storageBytes: tebibytes(2),
        pods: 1_000,
        services: 200,
        persistentVolumeClaims: 200,
      },
      dataIsolation: 'database',
      databaseConnections: 50,
      features: ['Data kept where GDPR demands', 'Recordings kept 1 year', 'A database of your own'],
      typicalMonth: { share: 100, databaseGb: 12, ...company(60, 100, 0.25) },
    }),
  ],
  meters: [
    meter('stream_vcpu_hours', 'CPU', 'vCPU-hour', { from: 'cpu', as: 'hour' }, micros(0.05)),
    meter('stream_memory_gb_hours', 'Memory', 'GB-hour', { from: 'memory', as: 'hour' }, micros(0.01)),
    // Recordings are stored like homes and cost the same.
    meter(
      'stream_storage_gb_months',
      'Storage',
      'GB-month',
      { from: 'storage', as: 'month', withLevel: 'stream_recording_gb' },
      micros(0.1),
    ),
    meter('stream_cpu_seconds', 'CPU sampled', 'CPU-second', { from: 'cpu', as: 'second' }),
    meter('stream_memory_gb_seconds', 'Memory sampled', 'GB-second', { from: 'memory', as: 'second' }),
    meter('stream_sessions_active', 'Active sessions', 'session', { from: 'told', as: 'peak' }),
    meter('stream_sessions_total', 'Sessions', 'session', { from: 'told', as: 'count' }),
    {
      ...meter('stream_recording_gb', 'Recordings', 'GB', { from: 'told', as: 'level' }),
      section: 'storage',
    },
    meter('stream_home_gb', 'Homes', 'GB', { from: 'storage', as: 'level' }),
    meter('stream_egress_gb', 'Egress', 'GB', { from: 'told', as: 'count' }),
  ],
  limits: [{ entitlement: 'sessions', name: 'sessions at once', meters: ['stream_sessions_active'] }],
  objectives: [],
  alerts: {},
  namespace: {
    from: 'slug',
    prefix: 'tenant-',
    labels: { 'tenant-id': 'tenantId', tier: 'plan', region: 'region' },
    annotations: { 'billing-account': 'billingAccount' },
    // Companies administer their namespace: they may run what they like beside the workload, and may scale and restart the
    // workload. They cannot change limits, isolation or rights. The tenant guard refuses more.
    people: {
      name: 'tenant-admin',
      rules: [
        ...viewer.rules,
        {
          apiGroups: [''],
          resources: ['pods', 'services', 'configmaps', 'persistentvolumeclaims'],
          verbs: writing,
        },
        { apiGroups: [''], resources: ['configmaps'], verbs: reading },
        { apiGroups: ['apps'], resources: ['deployments', 'deployments/scale'], verbs: ['patch', 'update'] },
        { apiGroups: ['batch'], resources: ['jobs'], verbs: [...reading, ...writing] },
      ],
    },
  },
  slotPlan: null,
  // guacd: carries desktop sessions (RDP, VNC, SSH) to the browser.
  image: 'docker.io/guacamole/guacd:1.6.0',
  runtime: {
    ports: [{ name: 'guacd', port: 4822 }],
    scheme: 'tcp',
    args: [],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: null,
    readyPath: null,
    scratchBytes: mebibytes(256),
    internetPorts: [80, 443],
    terminationGraceSeconds: 120,
  },
};

/** A meter in the statement's section for what runs or what is stored. */
function meter(
  id: string,
  name: string,
  unit: string,
  measure: Measure,
  unitPriceMicros: number | null = null,
): MeteredDimension {
  const sections = { cpu: 'compute', memory: 'compute', storage: 'storage', told: 'other' } as const;
  return { id, name, unit, measure, section: sections[measure.from], unitPriceMicros, unitCostMicros: null };
}

/**
 * A company's typical month, from its number of people and the hours that each streams. A desktop mostly stands still, so
 * an hour sends 0.15 GB and records 0.03 GB.
 * @param podsPerSession how many of the plan's pods a session fills: a session has 3.2 GB of memory, and all replicas
 *   together have the plan's memory
 */
function company(users: number, hoursEach: number, podsPerSession: number) {
  const hours = users * hoursEach;
  return {
    users,
    podHours: hours * podsPerSession,
    objectsGb: 4 * users,
    recordingsGb: 0.03 * hours,
    egressGb: 0.15 * hours,
    ingressGb: 0.08 * hours,
    requestsThousands: 0.6 * hours,
  };
}
