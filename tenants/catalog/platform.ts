import { cents, cpus, gibibytes } from './units.ts';

/**
 * Figures of the platform that carries all products: section P and the platform's part of section 5 of the
 * requirements. `infra` and the `cost` command read them here.
 */
export const platform = {
  environments: ['dev', 'staging', 'prod'],
  /** The first is primary; eu-west-1 keeps the data of tenants under the GDPR. */
  regions: ['us-east-1', 'us-west-2', 'eu-west-1', 'ap-southeast-1'],
  primaryRegion: 'us-east-1',
  gdprRegion: 'eu-west-1',
  availabilityZones: 3,
  minimumApiReplicas: 3,
  database: { pointInTimeRecoveryDays: 35 },
  nodes: {
    capacityTypes: ['spot', 'on-demand'],
    architectures: ['amd64', 'arm64'],
    maxCpuMillis: cpus(1_000),
    maxMemoryBytes: gibibytes(2_000),
    emptyAfterSeconds: 300,
    replacedAfterDays: 7,
  },
  /** About what the infrastructure of so many tenants costs a month. */
  monthlyCost: [
    { tenants: 100, costCents: cents(4_650) },
    { tenants: 500, costCents: cents(17_900) },
    { tenants: 2_000, costCents: cents(61_600) },
  ],
} as const;
