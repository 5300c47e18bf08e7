import { createHash } from 'node:crypto';
import { metadata } from './isolation.ts';
import type { ConfigMap } from './manifest.ts';
import type { Tenant } from './tenant.ts';

/**
 * What the container of a product that reads its tenant gets beside its database: who the tenant is and what it may
 * do, in a file that follows changes; and the API's address with a key of its own. `docs/pod-contract.md` tells it.
 */

/** The ConfigMap behind the file. The kubelet renews the file within about a minute of a change, without a restart. */
export const tenantFileName = 'tenant';
const fileKey = 'tenant.json';
const fileFolder = '/run/tenantry';

/** The Secret with the key for the API. */
export const apiKeySecretName = 'tenantry-api';
const keyKey = 'key';
const keyFolder = '/run/secrets/tenantry';

/** Whether the product's container reads its tenant. */
export function readsTenant({ product, plan }: Tenant): boolean {
  return product.runtime.readsTenant === true && plan.compute !== null;
}

/** The tenant as its container reads it; fields are added, none is renamed. */
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

/** Id and text of the tenant's key, as `automation/keys` reads keys, made of 43 random letters and digits. */
export function apiKeyOf(tenantId: string, random: string): { readonly id: string; readonly text: string } {
  const id = `${tenantId}self`;
  return { id, text: `tk_${id}_${random}` };
}

/** What the control plane keeps of a key: nobody can make the key of it. */
export function apiKeyDigest(random: string): string {
  return createHash('sha256').update(random).digest('hex');
}

/** The Secret itself. The key is random, so that it may come as an output. */
export function apiKeySecret<Text>(tenant: Tenant, key: Text) {
  return {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: metadata(tenant, apiKeySecretName),
    type: 'Opaque',
    stringData: { [keyKey]: key },
  };
}

/** Names and paths only: what a plan changes stands in the file, so that no pod restarts for it. */
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
