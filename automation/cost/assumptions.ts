/** The platform's own needs, where its configuration does not state them: how it grows, and how full things get. */

export const hoursPerMonth = 730;

/** Pods' share of a node's processors and memory: the rest is for the system, daemons and unused room. */
export const packing = { cpu: 0.8, memory: 0.75 } as const;

/** Karpenter's usual node, as the plans together need four GB a processor. */
export const tenantNode = { type: 'm7g.xlarge', vcpus: 4, memoryGib: 16, rootVolumeGb: 50 } as const;

/** Share of tenants' node-hours on spot capacity, in basis points. */
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

/** Replicas for this many tenants; the configuration may have more. */
export const tenantsPerApiReplica = 400;
export const tenantsPerWorkerReplica = 400;

/** Database: tenants that a processor of the primary carries comfortably, and the control plane's own data. */
export const tenantsPerDatabaseVcpu = 100;
export const controlPlaneRowsGb = { base: 10, perTenant: 0.02 } as const;
/** Share of the storage that is filled before it grows. */
export const databaseFill = 0.7;
/** Backups beyond the size of the database for 35 days of point-in-time recovery, as a multiple of its rows. */
export const backupMultiple = 1.5;

/** Logs of a tenant's pods and of the platform's work for it. */
export const perTenant = {
  logsGb: 1.2,
  flowLogsGb: 0.3,
  /** Writes of its stack's state, in thousands of requests. */
  stateWritesThousands: 1,
  kmsRequestsTenThousands: 0.2,
} as const;

/** Series that outlive the cluster: the platform's, and a tenant's quota, requests and figures. */
export const longTermSeries = { base: 3_000, perTenant: 25 } as const;
/** One every 30 seconds. */
export const samplesPerSeries = (hoursPerMonth * 3600) / 30;

/** Audit and API logs of the cluster, which EKS writes to CloudWatch. */
export const clusterLogsGb = 20;
/** Two of Prometheus, and those of Alertmanager, Grafana and Loki. */
export const monitoringVolumesGb = 250;

/** Written share of a tenant's volume, which snapshots keep. */
export const volumeFill = 0.35;
/** Share of the bytes leaving pods that crosses zones on the way. */
export const crossZoneShare = 0.5;
/** Images of the control plane that the registry keeps. */
export const imagesGb = 30;
