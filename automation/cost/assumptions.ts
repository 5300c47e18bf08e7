/** What the platform itself needs where its configuration does not say: how it grows, and how full things get. */

export const hoursPerMonth = 730;

/** The share of a node's processors and memory that pods get; the rest goes to the system, daemons and unused room. */
export const packing = { cpu: 0.8, memory: 0.75 } as const;

/** Karpenter's usual node: the plans together need four GB per processor. */
export const tenantNode = { type: 'm7g.xlarge', vcpus: 4, memoryGib: 16, rootVolumeGb: 50 } as const;

/** Share of tenants' node-hours on spot capacity, in basis points. */
export const spotShareBasisPoints = 7_500;

/** Requests of the platform's own pods, outside the system nodes. */
export const platformPods = {
  api: { vcpus: 0.25, memoryGib: 0.25 },
  worker: { vcpus: 1, memoryGib: 2 },
  /** Prometheus twice, Loki three times, Alertmanager, Grafana, Velero, operators. */
  base: { vcpus: 2.3, memoryGib: 6.5 },
  /** What Prometheus and Loki add for each 100 tenants. */
  perHundredTenants: { vcpus: 0.25, memoryGib: 1 },
} as const;

/** How many tenants one replica serves; the configuration may have more replicas. */
export const tenantsPerApiReplica = 400;
export const tenantsPerWorkerReplica = 400;

/** How many tenants a processor of the primary carries comfortably, and how large the control plane's own data is. */
export const tenantsPerDatabaseVcpu = 100;
export const controlPlaneRowsGb = { base: 10, perTenant: 0.02 } as const;
/** How full the storage gets before it grows. */
export const databaseFill = 0.7;
/** Paid backups for 35 days of point-in-time recovery, as a multiple of the rows. */
export const backupMultiple = 1.5;

/** A tenant's own: logs of its pods and of the platform's work for it, its state. */
export const perTenant = {
  logsGb: 1.2,
  flowLogsGb: 0.3,
  /** Writes of its stack's state. */
  stateWritesThousands: 1,
  kmsRequestsTenThousands: 0.2,
} as const;

/** Series that are kept outside of the cluster: the platform's, and each tenant's quota, requests and figures. */
export const longTermSeries = { base: 3_000, perTenant: 25 } as const;
/** One sample every 30 seconds. */
export const samplesPerSeries = (hoursPerMonth * 3600) / 30;

/** Audit and API logs of the cluster, which EKS writes to CloudWatch. */
export const clusterLogsGb = 20;
/** Two volumes of Prometheus, and those of Alertmanager, Grafana and Loki. */
export const monitoringVolumesGb = 250;

/** The share of a tenant's volume that is written, and so is in snapshots. */
export const volumeFill = 0.35;
/** The share of the bytes leaving pods that crosses zones. */
export const crossZoneShare = 0.5;
/** The control plane's images in the registry. */
export const imagesGb = 30;
