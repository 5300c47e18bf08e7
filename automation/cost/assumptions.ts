/** What the platform itself needs, where its configuration does not say: how it grows, and how full things get. */

export const hoursPerMonth = 730;

/** Of a node's processors and memory, what pods get: the rest is the system's, daemons' and room that stays empty. */
export const packing = { cpu: 0.8, memory: 0.75 } as const;

/** Node that Karpenter mostly takes, as four GB a processor is what the plans need together. */
export const tenantNode = { type: 'm7g.xlarge', vcpus: 4, memoryGib: 16, rootVolumeGb: 50 } as const;

/** Of tenants' node-hours, in basis points, what runs on spot capacity. */
export const spotShareBasisPoints = 7_500;

/** Requests of the platform's own pods, outside the system nodes. */
export const platformPods = {
  api: { vcpus: 0.25, memoryGib: 0.25 },
  worker: { vcpus: 1, memoryGib: 2 },
  /** Prometheus twice, Loki three times, Alertmanager, Grafana, Velero, operators. */
  base: { vcpus: 2.3, memoryGib: 6.5 },
  /** Of Prometheus and Loki for each 100 tenants. */
  perHundredTenants: { vcpus: 0.25, memoryGib: 1 },
} as const;

/** Replicas that so many tenants ask for; the configuration may have more. */
export const tenantsPerApiReplica = 400;
export const tenantsPerWorkerReplica = 400;

/** Database: tenants that a processor of the primary carries with room to spare, and what the control plane keeps. */
export const tenantsPerDatabaseVcpu = 100;
export const controlPlaneRowsGb = { base: 10, perTenant: 0.02 } as const;
/** Share of the storage that is filled before it grows. */
export const databaseFill = 0.7;
/** Backups beyond the size of the database that 35 days of point-in-time recovery keep, as a multiple of its rows. */
export const backupMultiple = 1.5;

/** Logs of a tenant's pods and of what the platform does for it. */
export const perTenant = {
  logsGb: 1.2,
  flowLogsGb: 0.3,
  /** Writes of its stack's state, in thousands of requests. */
  stateWritesThousands: 1,
  kmsRequestsTenThousands: 0.2,
} as const;

/** Series that outlive the cluster: those of the platform, and of a tenant its quota, its requests and its figures. */
export const longTermSeries = { base: 3_000, perTenant: 25 } as const;
/** One every 30 seconds. */
export const samplesPerSeries = (hoursPerMonth * 3600) / 30;

/** Audit and API logs of the cluster, which EKS writes to CloudWatch. */
export const clusterLogsGb = 20;
/** Two of Prometheus, and those of Alertmanager, Grafana and Loki. */
export const monitoringVolumesGb = 250;

/** Of a tenant's volume, what is written and so kept in snapshots. */
export const volumeFill = 0.35;
/** Of the bytes that leave pods, what crosses zones on the way. */
export const crossZoneShare = 0.5;
/** Images of the control plane that the registry keeps. */
export const imagesGb = 30;
