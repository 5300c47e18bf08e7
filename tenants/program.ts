import { CustomResource as KubernetesCustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
import { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
import { HorizontalPodAutoscaler } from '@pulumi/kubernetes/autoscaling/v2/horizontalPodAutoscaler.js';
import { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
import { LimitRange } from '@pulumi/kubernetes/core/v1/limitRange.js';
import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import { PersistentVolumeClaim } from '@pulumi/kubernetes/core/v1/persistentVolumeClaim.js';
import { ResourceQuota } from '@pulumi/kubernetes/core/v1/resourceQuota.js';
import { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
import { Service } from '@pulumi/kubernetes/core/v1/service.js';
import { ServiceAccount } from '@pulumi/kubernetes/core/v1/serviceAccount.js';
import { NetworkPolicy } from '@pulumi/kubernetes/networking/v1/networkPolicy.js';
import { PodDisruptionBudget } from '@pulumi/kubernetes/policy/v1/podDisruptionBudget.js';
import { Role } from '@pulumi/kubernetes/rbac/v1/role.js';
import { RoleBinding } from '@pulumi/kubernetes/rbac/v1/roleBinding.js';
import { all, type CustomResource, type CustomResourceOptions, type Input } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random/randomPassword.js';
import {
  type DatabasePlace,
  databasePlace,
  databaseSecret,
  databaseSecretName,
  databaseUrl,
  loginRights,
} from './data.ts';
import type { Manifest, NamespacedManifest } from './manifest.ts';
import { tenantObjects } from './objects.ts';
import { apiKeyDigest, apiKeyOf, apiKeySecret, apiKeySecretName, readsTenant } from './pod-contract.ts';
import { PostgresDatabase, PostgresSchema } from './postgres.ts';
import type { TenantOutputs, TenantSpec } from './spec.ts';
import { type Cell, defaultCell, resolveTenant, type Tenant } from './tenant.ts';
import { serviceUrl } from './workload.ts';

/**
 * Declares everything that a tenant consists of, inside a running Pulumi program: its Kubernetes objects and its place in
 * PostgreSQL. It only declares; the engine does the work.
 *
 * The namespace comes first and everything else at once, with two exceptions that `TenantObjects` explains. The program
 * waits for nothing: a tenant exists once its objects are in the API, and is gone once its namespace is gone, which a job
 * looks for (`automation/jobs/end-of-namespace.ts`).
 *
 * @throws ZodError or RangeError when the spec is malformed or contradicts the catalog, before anything is declared
 */
export async function tenantProgram(spec: TenantSpec, cell: Cell = defaultCell): Promise<TenantOutputs> {
  const tenant = resolveTenant(spec, cell);
  const objects = tenantObjects(tenant);

  const namespace = new Namespace('namespace', objects.namespace, {
    customTimeouts: { create: '1m', update: '1m', delete: '1m' },
  });
  const inNamespace: CustomResourceOptions = {
    dependsOn: [namespace],
    // Deleting the namespace deletes everything in it, with one request and one wait instead of a dozen.
    deletedWith: namespace,
    customTimeouts: { create: '1m', update: '1m', delete: '2m' },
  };
  const foundation = objects.foundation.map((manifest) => declare(manifest, inNamespace));
  const afterFoundation = { ...inNamespace, dependsOn: [namespace, ...foundation] };
  const quota = declare(objects.quota, afterFoundation);
  // The quota comes first: pods that it has no room for yet would be retried at growing intervals.
  if (objects.workload)
    declare(objects.workload, { ...afterFoundation, dependsOn: [...afterFoundation.dependsOn, quota] });

  const apiKey = readsTenant(tenant) ? declareApiKey(tenant, inNamespace) : null;
  const place = databasePlace(tenant);
  const secret = place && declareDatabase(tenant, place, inNamespace);

  return {
    namespace: tenant.spec.namespace,
    serviceUrl: serviceUrl(tenant),
    database: place && {
      name: place.database,
      schema: place.schema,
      role: place.role,
      secretName: databaseSecretName,
      ...(place.server !== undefined && { server: place.server }),
    },
    // Known once the engine has drawn it; not in the preview of a new tenant.
    get apiKey() {
      return apiKey?.kept();
    },
    objects: [
      objects.namespace,
      ...objects.foundation,
      ...(secret ? [secret] : []),
      ...(apiKey ? [apiKey.secret] : []),
      objects.quota,
      ...(objects.workload ? [objects.workload] : []),
    ].map(reference),
  };
}

function declare(manifest: NamespacedManifest, options: CustomResourceOptions): CustomResource {
  const name = `${manifest.kind}/${manifest.metadata.name}`;
  switch (manifest.kind) {
    case 'ResourceQuota':
      return new ResourceQuota(name, manifest, options);
    case 'LimitRange':
      return new LimitRange(name, manifest, options);
    case 'ConfigMap':
      return new ConfigMap(name, manifest, options);
    case 'ServiceAccount':
      return new ServiceAccount(name, manifest, options);
    case 'Service':
      return new Service(name, manifest, options);
    case 'PersistentVolumeClaim':
      return new PersistentVolumeClaim(name, manifest, options);
    case 'NetworkPolicy':
      return new NetworkPolicy(name, manifest, options);
    case 'Role':
      return new Role(name, manifest, options);
    case 'RoleBinding':
      return new RoleBinding(name, manifest, options);
    case 'Deployment':
      return new Deployment(name, manifest, options);
    case 'HorizontalPodAutoscaler':
      return new HorizontalPodAutoscaler(name, manifest, options);
    case 'VerticalPodAutoscaler':
      return new KubernetesCustomResource(name, manifest, options);
    case 'PodDisruptionBudget':
      return new PodDisruptionBudget(name, manifest, options);
  }
}

/** The tenant's role with its schema or database, beside the namespace, and the Secret with its address. */
function declareDatabase(tenant: Tenant, place: DatabasePlace, inNamespace: CustomResourceOptions): Manifest {
  const { role, schema, connectionLimit } = place;
  // Only letters and digits, because the password becomes part of a URL and of SQL.
  const { result: password } = new RandomPassword('database-password', { length: 32, special: false });
  const args = {
    tenantId: tenant.spec.tenantId,
    schema,
    role,
    password,
    connectionLimit,
    rights: loginRights,
  };
  const options = { customTimeouts: { create: '2m', update: '2m', delete: '5m' } };
  const database =
    place.database === null
      ? new PostgresSchema('database', args, options)
      : new PostgresDatabase(
          'database',
          {
            ...args,
            database: place.database,
            ...(place.server !== undefined && { server: place.server }),
          },
          options,
        );

  const url = all([database.host, database.port, database.database, password]).apply(
    ([host, port, name, secretPassword]) =>
      databaseUrl({ host, port, database: name, schema, role, password: secretPassword }),
  );
  const secret = databaseSecret<Input<string>>(tenant, { url, user: role, password });
  new Secret(`Secret/${databaseSecretName}`, secret, inNamespace);
  return secret;
}

/** The API key of the tenant's container, and the Secret that holds it. */
function declareApiKey(tenant: Tenant, inNamespace: CustomResourceOptions) {
  const { tenantId, apiKeyRenewals } = tenant.spec;
  const { result } = new RandomPassword('api-key', {
    // As long as the secrets of keys that the control plane draws itself.
    length: 43,
    special: false,
    ...(apiKeyRenewals !== undefined && { keepers: { renewals: String(apiKeyRenewals) } }),
  });
  let kept: TenantOutputs['apiKey'];
  const text = result.apply((random) => {
    const key = apiKeyOf(tenantId, random);
    kept = { id: key.id, sha256: apiKeyDigest(random) };
    return key.text;
  });
  const secret = apiKeySecret<Input<string>>(tenant, text);
  new Secret(`Secret/${apiKeySecretName}`, secret, inNamespace);
  return { secret, kept: () => kept };
}

function reference({
  apiVersion,
  kind,
  metadata: { name, namespace },
}: Manifest): TenantOutputs['objects'][number] {
  return { apiVersion, kind, name, namespace: namespace ?? null };
}
