import { createHash } from 'node:crypto';
import { metadata } from './isolation.ts';
import type { ConfigMap } from './manifest.ts';
import type { Tenant } from './tenant.ts';

/**
 * What a container that reads its tenant gets beside its database: a file that says who the tenant is and what it may do,
 * and that follows changes; the API's address; and its own API key. `docs/pod-contract.md` describes it.
 */

/** The ConfigMap behind the file. The kubelet updates the file within about a minute of a change, without a restart. */
export const tenantFileName = 'tenant';
const fileKey = 'tenant.json';
const fileFolder = '/run/tenantry';

/** The Secret with the API key. */
export const apiKeySecretName = 'tenantry-api';
const keyKey = 'key';
const keyFolder = '/run/secrets/tenantry';

export function readsTenant({ product, plan }: Tenant): boolean {
  return product.runtime.readsTenant === true && plan.compute !== null;
}

/** The content of the file. Fields may be added but never renamed. */
export function tenantFile({ spec, product, plan }: Pick<Tenant, 'spec' | 'product' | 'plan'>) {
  return {
    tenantId: spec.tenantId,
    slug: spec.slug,
    product: product.id,
    plan: plan.id,
    state: spec.state,
    region: spec.region,
    seats: spec.seats,
    entitlements: plan.entitlements,
  };
}

export function tenantConfigMap(tenant: Tenant): ConfigMap | null {
  if (!readsTenant(tenant)) return null;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(tenant, tenantFileName),
    data: { [fileKey]: `${JSON.stringify(tenantFile(tenant), null, 2)}\n` },
  };
}

/** The id of the API key of a tenant's own container. */
export function apiKeyId(tenantId: string): string {
  return `${tenantId}self`;
}

/** The tenant's API key, in the form that `automation/keys` reads. @param random 43 letters and digits */
export function apiKeyOf(tenantId: string, random: string): { readonly id: string; readonly text: string } {
  const id = apiKeyId(tenantId);
  return { id, text: `tk_${id}_${random}` };
}

/** What the control plane keeps of a key, from which nobody can recover it. */
export function apiKeyDigest(random: string): string {
  return createHash('sha256').update(random).digest('hex');
}

/** The Secret itself. The key may be an output, because the engine draws it. */
export function apiKeySecret<Text>(tenant: Tenant, key: Text) {
  return {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: metadata(tenant, apiKeySecretName),
    type: 'Opaque',
    stringData: { [keyKey]: key },
  };
}

/** Only names and paths. What changes with the plan stands in the file, so that no pod restarts for it. */
export function contractEnv(tenant: Tenant): Readonly<Record<string, string>> {
  if (!readsTenant(tenant)) return {};
  return {
    TENANTRY_TENANT_ID: tenant.spec.tenantId,
    TENANTRY_TENANT_FILE: `${fileFolder}/${fileKey}`,
    TENANTRY_API_URL: tenant.cell.apiUrl,
    TENANTRY_API_KEY_FILE: `${keyFolder}/${keyKey}`,
  };
}

export function contractVolumes(tenant: Tenant) {
  if (!readsTenant(tenant)) return [];
  return [
    { name: 'tenant', configMap: { name: tenantFileName, defaultMode: 0o444 } },
    { name: 'api-key', secret: { secretName: apiKeySecretName, defaultMode: 0o440 } },
  ];
}

export function contractMounts(tenant: Tenant) {
  if (!readsTenant(tenant)) return [];
  return [
    { name: 'tenant', mountPath: fileFolder, readOnly: true },
    { name: 'api-key', mountPath: keyFolder, readOnly: true },
  ];
}
