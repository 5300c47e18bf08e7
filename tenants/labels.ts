import { createHash } from 'node:crypto';
import type { TenantFact } from './catalog/types.ts';
import type { Tenant } from './tenant.ts';

export const managedBy = { 'app.kubernetes.io/managed-by': 'tenantry' } as const;

const labelValue = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const digestLength = 20;
const digestSuffix = new RegExp(`-[0-9a-f]{${digestLength}}$`);

/**
 * Turns any text into a valid label value, always the same for the same text. A valid text stays as it is. Any other
 * becomes its legible part and a digest of the whole. A valid text that looks like such a result gets a digest, too, so
 * that nobody can choose a text that passes for another.
 */
export function labelSafe(text: string): string {
  if (labelValue.test(text) && !digestSuffix.test(text)) return text;
  const digest = createHash('sha256')
    .update(text.toWellFormed(), 'utf8')
    .digest('hex')
    .slice(0, digestLength);
  const legible = text
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .slice(0, 63 - 1 - digestLength)
    .replace(/^[._-]+|[._-]+$/g, '');
  return legible === '' ? digest : `${legible}-${digest}`;
}

/** The text as an annotation: whole, but without characters that cannot be encoded or would garble a terminal. */
export function annotationSafe(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, '\u{fffd}');
}

/** The labels of every object of a tenant, in the cluster and elsewhere. */
export function standardLabels({ spec, product, plan }: Tenant): Record<string, string> {
  return {
    ...managedBy,
    'tenantry.dev/tenant': spec.tenantId,
    'tenantry.dev/product': product.id,
    'tenantry.dev/plan': plan.id,
  };
}

/** Selects the pods of the tenant's workload. Does not name the plan, which may change: a selector cannot. */
export function selectorLabels({ spec, product }: Tenant): Record<string, string> {
  return { 'app.kubernetes.io/name': product.id, 'tenantry.dev/tenant': spec.tenantId };
}

/** The node label that names the pool; also the key of the pool's taint. */
export const nodePoolLabel = 'tenantry.dev/pool';

/**
 * The label of a sandbox's pod, whose value is the task's id (see `allowSandboxes`). It replaces the workload's labels,
 * which would make the pod part of the tenant's service.
 */
export const sandboxLabel = 'tenantry.dev/sandbox';

/** The labels that the product gives its namespaces. */
export function productLabels(tenant: Tenant): Record<string, string> {
  return told(tenant, tenant.product.namespace.labels ?? {}, labelSafe);
}

export function productAnnotations(tenant: Tenant): Record<string, string> {
  return {
    'tenantry.dev/slug': tenant.spec.slug,
    ...told(tenant, tenant.product.namespace.annotations ?? {}, annotationSafe),
  };
}

/** The facts for the keys, made safe, without missing ones such as a slot's owner. */
function told(
  { spec }: Tenant,
  keys: Readonly<Record<string, TenantFact>>,
  safe: (text: string) => string,
): Record<string, string> {
  const facts: Record<TenantFact, string | null> = { ...spec, createdOn: spec.createdAt.slice(0, 10) };
  return Object.fromEntries(
    Object.entries(keys).flatMap(([key, fact]) => {
      const value = facts[fact];
      return value === null ? [] : [[key, safe(value)]];
    }),
  );
}
