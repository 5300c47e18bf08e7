import type { Threshold } from './types.ts';
import { cents, cpus, gibibytes } from './units.ts';

/**
 * Figures of the platform that carries all products: section P and the platform's part of section 5 of the
 * requirements. `infra` and the `cost` command read them here.
 */
export const platform = {
  environments: ['dev', 'staging', 'prod'],
  /** The first is primary; eu-west-1 keeps the data of tenants under the GDPR. */
  regions: ['us-east-1', 'us-west-2', 'eu-west-1', 'ap-southeast-1'],
  gdprRegion: 'eu-west-1',
  availabilityZones: 3,
  minimumApiReplicas: 3,
  database: {
    pointInTimeRecoveryDays: 35,
    /** The most that a tenant's rows and indexes take: of a free plan, of a paid one, and in a database of its own. */
    tenantBytes: { free: gibibytes(1), paid: gibibytes(10), own: gibibytes(100) },
  },
  nodes: {
    capacityTypes: ['spot', 'on-demand'],
    architectures: ['amd64', 'arm64'],
    maxCpuMillis: cpus(1_000),
    maxMemoryBytes: gibibytes(2_000),
    emptyAfterSeconds: 300,
    replacedAfterDays: 7,
  },
  metering: { sampleMinutes: 5, reportHours: 24 },
  /** For calls of priced APIs of products without a budget for them. */
  callsKeptDays: 90,
  /** Recordings move from Standard to infrequent access, and then to Glacier. */
  recordings: { standardDays: 7, infrequentAccessUntilDay: 90 },
  backupIntervalHours: 6,
  /** A page that nobody answers is repeated after this time. */
  escalationMinutes: 15,
  alerts: {
    serverErrors: alert('Answers with a server error', 'above', 1, 'percent'),
    slowAnswers: alert('Slowest answers, 99th percentile', 'above', 500, 'ms'),
    disk: alert('Free disk space', 'below', 20, 'percent'),
    certificate: alert('Days left on a certificate', 'below', 30, 'days'),
    poolExhausted: alert('Database connections left in the pool', 'atMost', 0, 'connections'),
    billingSync: alert('Failed billing synchronisations', 'above', 0, 'failures'),
    subscriptionEnds: alert('Days left in the subscription', 'below', 3, 'days'),
  },
  /** Roughly what the infrastructure costs a month, by number of tenants. */
  monthlyCost: [
    { tenants: 100, costCents: cents(4_650) },
    { tenants: 500, costCents: cents(17_900) },
    { tenants: 2_000, costCents: cents(61_600) },
  ],
} as const;

/** An alert that fires as soon as its comparison holds. */
function alert(
  description: string,
  comparison: Threshold['comparison'],
  value: number,
  unit: string,
): Threshold {
  return { description, comparison, value, unit, forSeconds: 0 };
}
