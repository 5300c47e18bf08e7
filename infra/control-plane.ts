/**
 * The control plane: the API, the workers, the migrations before them, and what separates them from everything else.
 */
import * as k8s from '@pulumi/kubernetes';
import type { Output, Resource } from '@pulumi/pulumi';
import { stringify } from 'yaml';
import { accountId } from './account.ts';
import { associatePods, createPodRole } from './cluster/pod-identity.ts';
import type { Cluster } from './cluster.ts';
import type { PlatformConfig } from './config.ts';
import { createApi } from './control-plane/api.ts';
import { inClusterKubeconfig, workerRules } from './control-plane/cluster-rights.ts';
import { environmentOf, type Sources, secretFilesOf } from './control-plane/environment.ts';
import { workerFence } from './control-plane/fence.ts';
import { homeDatabase } from './control-plane/home-database.ts';
import { createMigrations } from './control-plane/migrations.ts';
import {
  controlPlaneNamespace,
  platformLabels,
  priorityClassName,
  type Workload,
  workloads,
} from './control-plane/names.ts';
import { networkPolicies } from './control-plane/network-policies.ts';
import { keepExports, keepState, readExports, readSecrets } from './control-plane/permissions.ts';
import { createSecretFiles } from './control-plane/secret-files.ts';
import { createWorkers } from './control-plane/workers.ts';
import type { Database } from './database.ts';
import type { Identity } from './identity.ts';
import type { Karpenter } from './karpenter.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import type { Secrets } from './secrets.ts';
import type { Storage } from './storage.ts';
import { subnetPlan } from './subnets.ts';

export interface ControlPlane {
  readonly namespace: k8s.core.v1.Namespace;
  /** The API's Service, which the load balancer's controller looks for. */
  readonly service: k8s.core.v1.Service;
}

export interface Surroundings {
  readonly network: Network;
  readonly cluster: Cluster;
  readonly karpenter: Karpenter;
  readonly keys: Keys;
  readonly database: Database;
  readonly storage: Storage;
  readonly secrets: Secrets;
  readonly identity: Identity;
  readonly publicUrl: string;
  /** Reference of the image that all workloads run. */
  readonly image: string;
}

/** What every workload's file needs to make it. */
export interface WorkloadArgs {
  readonly config: PlatformConfig;
  readonly image: string;
  readonly environment: ReturnType<typeof environmentOf>;
  readonly secrets: ReturnType<typeof createSecretFiles>;
  readonly provider: k8s.Provider;
  /** What its pods wait for. */
  readonly after: readonly Resource[];
}

/** Makes the control plane of a cell. */
export function createControlPlane(config: PlatformConfig, around: Surroundings): ControlPlane {
  const { provider } = around.cluster;
  const namespace = createNamespace(around.cluster);
  const inNamespace = { provider, dependsOn: namespace };
  for (const policy of networkPolicies(networks(config, around.network))) {
    new k8s.networking.v1.NetworkPolicy(`control-plane-${policy.metadata.name}`, policy, inNamespace);
  }
  const priority = new k8s.scheduling.v1.PriorityClass(
    'control-plane',
    {
      metadata: { name: priorityClassName, labels: platformLabels },
      value: 1_000,
      description: 'The control plane: before tenants, which wait for room.',
    },
    { provider },
  );
  const sources: Sources = {
    home: homeDatabase(config, around.database),
    database: around.database,
    storage: around.storage,
    identity: around.identity,
    stripeSecret: around.secrets.stripe.arn,
    publicUrl: around.publicUrl,
    databaseCidrs: around.network.isolatedCidrs,
  };
  const account = accountId();
  const prepared = Object.fromEntries(
    workloads.map((workload) => {
      const files = secretFilesOf(workload, config, sources);
      const identity = createIdentityOf(workload, config, { around, account, files, inNamespace });
      const secrets = createSecretFiles(workload, files, inNamespace);
      const after = [namespace, priority, ...around.karpenter.pools, ...secrets.classes, ...identity];
      const environment = environmentOf(workload, config, sources);
      return [workload, { config, image: around.image, environment, secrets, provider, after }];
    }),
  ) as unknown as Record<Workload, WorkloadArgs>;

  const migrations = createMigrations(prepared.migrate);
  const afterMigrations = (args: WorkloadArgs) => ({ ...args, after: [...args.after, migrations] });
  const rights = createWorkerRights(inNamespace);
  const workers = afterMigrations(prepared.worker);
  createWorkers({ ...workers, after: [...workers.after, ...rights.objects] }, rights.kubeconfig);
  return { namespace, service: createApi(afterMigrations(prepared.api)) };
}

/** Where requests come from and where databases are: this cell's networks, and those of the home cell. */
function networks(config: PlatformConfig, network: Network) {
  const plan = subnetPlan(network.cidr);
  return {
    loadBalancerCidrs: plan.public,
    databaseCidrs:
      config.home === undefined
        ? plan.isolated
        : [...plan.isolated, ...subnetPlan(config.home.cidr).isolated],
  };
}

function createNamespace(cluster: Cluster): k8s.core.v1.Namespace {
  return new k8s.core.v1.Namespace(
    'control-plane',
    {
      metadata: {
        name: controlPlaneNamespace,
        labels: {
          ...platformLabels,
          'pod-security.kubernetes.io/enforce': 'restricted',
          'pod-security.kubernetes.io/enforce-version': 'latest',
        },
      },
    },
    { provider: cluster.provider, dependsOn: [...cluster.ready] },
  );
}

/** The service account of a workload and the AWS role of its pods. */
function createIdentityOf(
  workload: Workload,
  config: PlatformConfig,
  args: {
    around: Surroundings;
    account: Output<string>;
    files: ReturnType<typeof secretFilesOf>;
    inNamespace: { provider: k8s.Provider; dependsOn: k8s.core.v1.Namespace };
  },
): Resource[] {
  const { around, account, files } = args;
  const serviceAccount = new k8s.core.v1.ServiceAccount(
    `control-plane-${workload}`,
    {
      metadata: { name: workload, namespace: controlPlaneNamespace, labels: platformLabels },
      automountServiceAccountToken: false,
    },
    args.inNamespace,
  );
  const role = createPodRole(`control-plane-${workload}`, {
    config,
    description: `Control plane: ${workload}`,
    permissions: {
      statements: [
        ...readSecrets(Object.values(files), { config, keys: around.keys, account }),
        ...(workload === 'api' ? readExports(config, around.storage, around.keys) : []),
        ...(workload === 'worker'
          ? [...keepState(around.storage, around.keys), ...keepExports(config, around.storage, around.keys)]
          : []),
      ],
    },
  });
  const association = associatePods(`control-plane-${workload}`, {
    clusterName: around.cluster.name,
    namespace: controlPlaneNamespace,
    serviceAccount: workload,
    role,
  });
  return [serviceAccount, association];
}

/** What lets workers make tenants in their cluster. */
function createWorkerRights(options: { provider: k8s.Provider; dependsOn: k8s.core.v1.Namespace }) {
  const metadata = { name: 'tenantry-worker', labels: platformLabels };
  const role = new k8s.rbac.v1.ClusterRole('worker', { metadata, rules: workerRules }, options);
  const binding = new k8s.rbac.v1.ClusterRoleBinding(
    'worker',
    {
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
      subjects: [{ kind: 'ServiceAccount', name: 'worker', namespace: controlPlaneNamespace }],
    },
    options,
  );
  const { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } = k8s.admissionregistration.v1;
  const fence = workerFence({ namespace: controlPlaneNamespace, serviceAccount: 'worker' }).flatMap(
    ({ policy, binding }) => [
      new ValidatingAdmissionPolicy(policy.metadata.name, policy, options),
      new ValidatingAdmissionPolicyBinding(binding.metadata.name, binding, options),
    ],
  );
  const kubeconfig = new k8s.core.v1.ConfigMap(
    'worker-kubeconfig',
    {
      metadata: { name: 'worker-kubeconfig', namespace: controlPlaneNamespace, labels: platformLabels },
      data: { kubeconfig: stringify(inClusterKubeconfig) },
    },
    options,
  );
  return { objects: [role, binding, ...fence], kubeconfig };
}
