/** What Velero backs up, how often, and how to restore it. */
import { platform } from '../../tenants/catalog/index.ts';
import { hardenedContainer } from '../hardening.ts';

export const veleroNamespace = 'velero';

/** Days that Velero keeps a backup. */
export const backupRetentionDays = 30;

/** Namespaces whose objects the platform program recreates. */
const platformNamespaces = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  'monitoring',
  veleroNamespace,
] as const;

/** Objects that describe a moment and that controllers recreate. */
const passingResources = [
  'events',
  'events.events.k8s.io',
  'endpoints',
  'endpointslices.discovery.k8s.io',
  'leases.coordination.k8s.io',
  'nodeclaims.karpenter.sh',
  'nodes',
] as const;

/**
 * The schedule: every tenant's namespace and the control plane's, objects and volumes.
 * @param args.moveVolumes whether volumes are copied into the bucket as well, from where they reach another region;
 *   a snapshot of EBS alone stays in its region
 */
export function backupSchedule(args: { moveVolumes: boolean }) {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Schedule',
    metadata: { name: 'cluster', namespace: veleroNamespace },
    spec: {
      schedule: `0 */${platform.backupIntervalHours} * * *`,
      useOwnerReferencesInBackup: false,
      // Runs at once when Velero missed the hour.
      skipImmediately: false,
      template: {
        includedNamespaces: ['*'],
        excludedNamespaces: [...platformNamespaces],
        excludedResources: [...passingResources],
        includeClusterResources: true,
        snapshotVolumes: true,
        snapshotMoveData: args.moveVolumes,
        csiSnapshotTimeout: '20m',
        itemOperationTimeout: '4h',
        storageLocation: 'default',
        ttl: `${backupRetentionDays * 24}h0m0s`,
        metadata: { labels: { 'app.kubernetes.io/part-of': 'tenantry-platform' } },
        hooks: { resources: [flushBeforeSnapshot] },
      },
    },
  };
}

/** Has a tenant's pod flush its data before its volume is snapshotted; a pod that cannot does not fail the backup. */
const flushBeforeSnapshot = {
  name: 'flush',
  includedNamespaces: ['*'],
  labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'tenantry' } },
  pre: [{ exec: { command: ['sync'], onError: 'Continue', timeout: '30s' } }],
};

/** Image with `pg_isready`. */
const postgresImage = 'docker.io/library/postgres:17.7-alpine';

/** Seconds that a restored pod waits for its database; restoring a dedicated one takes that long. */
const databaseWaitSeconds = 3_600;

/**
 * A restore of a backup.
 *
 * Its hook holds every restored pod of a tenant until the tenant's database answers, so that no workload starts without its
 * rows and mistakes that for a fresh start. A tenant without a database continues at once.
 * @param args.namespaces defaults to all namespaces in the backup
 */
export function restoreManifest(args: { name: string; backup: string; namespaces?: readonly string[] }) {
  return {
    apiVersion: 'velero.io/v1',
    kind: 'Restore',
    metadata: { name: args.name, namespace: veleroNamespace },
    spec: {
      backupName: args.backup,
      includedNamespaces: [...(args.namespaces ?? ['*'])],
      excludedResources: [
        ...passingResources,
        'backups.velero.io',
        'restores.velero.io',
        'backuprepositories.velero.io',
      ],
      restorePVs: true,
      preserveNodePorts: false,
      // What already exists is newer than the backup.
      existingResourcePolicy: 'none',
      itemOperationTimeout: '4h',
      hooks: { resources: [waitForDatabase] },
    },
  };
}

const waitForDatabase = {
  name: 'wait-for-database',
  includedNamespaces: ['*'],
  includedResources: ['pods'],
  labelSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'tenantry' } },
  postHooks: [
    {
      init: {
        timeout: `${databaseWaitSeconds}s`,
        initContainers: [
          {
            name: 'wait-for-database',
            image: postgresImage,
            command: [
              '/bin/sh',
              '-c',
              '[ -z "$DATABASE_URL" ] || until pg_isready --quiet --timeout=5 --dbname="$DATABASE_URL"; do sleep 5; done',
            ],
            env: [
              {
                name: 'DATABASE_URL',
                valueFrom: { secretKeyRef: { name: 'database', key: 'url', optional: true } },
              },
            ],
            resources: {
              requests: { cpu: '10m', memory: '16Mi' },
              limits: { cpu: '100m', memory: '32Mi' },
            },
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 70,
              ...hardenedContainer,
              seccompProfile: { type: 'RuntimeDefault' },
            },
          },
        ],
      },
    },
  ],
};

/** Placeholders in the restore that the cluster keeps for whoever has to restore by hand. */
export const restoreTemplate = restoreManifest({ name: 'RESTORE_NAME', backup: 'BACKUP_NAME' });
