import { findPlan, findProduct, namespaceFor } from '../../tenants/catalog/index.ts';
import type { DataIsolation, ProductId } from '../../tenants/catalog/types.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import type { Cell } from '../store/cells.ts';
import type { DesiredChange, Tenant, TenantState } from '../store/tenants.ts';
import type { Entitlement, SuspendReason } from './entitlement.ts';
import type { SubscriptionFacts } from './subscription-facts.ts';

export interface NewTenant {
  readonly tenantId: string;
  readonly product: ProductId;
  readonly plan: string;
  readonly slug: string;
  readonly cell: string;
  readonly region: string;
  readonly owner: string | null;
  readonly billingAccount: string | null;
  readonly seats: number;
  readonly createdAt: Date;
  /** The tenant's own database server; null or absent for the cell's shared one. */
  readonly databaseServer?: string | null;
}

/** The spec of a tenant that does not exist yet. */
export function newSpec(tenant: NewTenant): TenantSpec {
  const product = findProduct(tenant.product);
  if (!product) throw new Error(`the catalog has no product ${tenant.product}`);
  return {
    tenantId: tenant.tenantId,
    product: tenant.product,
    plan: tenant.plan,
    slug: tenant.slug,
    namespace: namespaceFor(product, tenant),
    cell: tenant.cell,
    region: tenant.region,
    owner: tenant.owner,
    billingAccount: tenant.billingAccount,
    seats: tenant.seats,
    state: 'active',
    volumeBytes: findPlan(tenant.product, tenant.plan)?.volumeBytes ?? null,
    ...(tenant.owner !== null && { dataIsolation: dataIsolationOf(tenant.product, tenant.plan) }),
    ...(tenant.databaseServer && { databaseServer: tenant.databaseServer }),
    createdAt: `${tenant.createdAt.toISOString().slice(0, 19)}Z`,
  };
}

/** The spec of a tenant without an owner: a slot, or one that exists only to be deleted. */
export function ownerlessSpec({
  cell,
  ...tenant
}: Pick<NewTenant, 'tenantId' | 'product' | 'plan' | 'createdAt'> & { readonly cell: Cell }): TenantSpec {
  return newSpec({
    ...tenant,
    slug: tenant.tenantId,
    cell: cell.id,
    region: cell.region,
    owner: null,
    billingAccount: null,
    seats: 1,
  });
}

/** The larger of the tenant's present volume and its plan's: a volume never shrinks. */
export function volumeFor(tenant: Pick<Tenant, 'desiredSpec'>, planId: string): number | null {
  const wanted = findPlan(tenant.desiredSpec.product, planId)?.volumeBytes ?? null;
  const had = tenant.desiredSpec.volumeBytes;
  return wanted === null || had === null ? (wanted ?? had) : Math.max(wanted, had);
}

function dataIsolationOf(product: ProductId, planId: string): DataIsolation {
  return findPlan(product, planId)?.dataIsolation ?? 'none';
}

/** Existing rows stay where they are, because moving the tenant's objects would drop them; otherwise the plan decides. */
function dataIsolationFor(tenant: Pick<Tenant, 'desiredSpec'>, planId: string): DataIsolation {
  const { dataIsolation: has, product } = tenant.desiredSpec;
  return has === undefined || has === 'none' ? dataIsolationOf(product, planId) : has;
}

export interface Decision {
  /** The new desired state, or null when nothing changes. */
  readonly change: DesiredChange | null;
  /** Retention to record when nothing else changes, or null. */
  readonly retention: {
    readonly suspendReason: SuspendReason | null;
    readonly deleteAfter: Date | null;
  } | null;
  /** What a person should know about the decision, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Decides the desired state of an existing tenant from its subscription. Pure. A tenant whose deletion has begun never
 * comes back; its subscription gets a new one.
 * @param throttled true while the credit brake keeps the workload at its smallest size
 */
export function decide(
  tenant: Tenant,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
  throttled = false,
): Decision {
  const nothing: Decision = { change: null, retention: null, notes: [] };
  if (tenant.desiredState === 'deleted' || entitlement.kind === 'none') return nothing;

  const notes: string[] = [];
  const bought = wanted(tenant, facts, notes);
  const state: TenantState = entitlement.kind === 'active' ? 'active' : 'suspended';
  const volumeBytes = volumeFor(tenant, bought.plan);
  const planVolume = findPlan(tenant.product, bought.plan)?.volumeBytes ?? null;
  if (bought.plan !== tenant.desiredSpec.plan && volumeBytes !== planVolume) {
    notes.push('The volume keeps its size: a volume never shrinks.');
  }
  const dataIsolation = dataIsolationFor(tenant, bought.plan);
  if (
    bought.plan !== tenant.desiredSpec.plan &&
    dataIsolation !== dataIsolationOf(tenant.product, bought.plan)
  ) {
    notes.push('Its rows stay where they are: moving them to another database is done by hand.');
  }
  const spec: TenantSpec = {
    ...throttledSpec(tenant.desiredSpec, throttled),
    dataIsolation,
    plan: bought.plan,
    seats: bought.seats,
    owner: tenant.owner,
    slug: tenant.slug,
    billingAccount: facts.customerId,
    volumeBytes,
    state,
  };
  const suspendReason =
    entitlement.kind === 'suspended' || entitlement.kind === 'ended' ? entitlement.reason : null;
  // The first fetch that sees the end sets the day of deletion; later ones do not move it.
  const deleteAfter = entitlement.kind === 'ended' ? (tenant.deleteAfter ?? entitlement.deleteAfter) : null;

  if (state !== tenant.desiredState || !sameSpec(spec, tenant.desiredSpec)) {
    return { change: { state, spec, suspendReason, deleteAfter }, retention: null, notes };
  }
  const sameRetention =
    suspendReason === tenant.suspendReason && deleteAfter?.getTime() === tenant.deleteAfter?.getTime();
  return { change: null, retention: sameRetention ? null : { suspendReason, deleteAfter }, notes };
}

/** The desired plan and seats; the present ones while the subscription contains nothing that fits this tenant. */
function wanted(tenant: Tenant, facts: SubscriptionFacts, notes: string[]): { plan: string; seats: number } {
  const { bought } = facts;
  if ('problem' in bought) {
    notes.push(`The plan stays as it is: ${bought.problem}.`);
    return tenant.desiredSpec;
  }
  if (bought.product !== tenant.product) {
    notes.push(
      `The plan stays as it is: the subscription now holds the product ${bought.product}, this tenant is ${tenant.product}.`,
    );
    return tenant.desiredSpec;
  }
  return bought;
}

/** The spec with or without the throttle, which keeps the workload at its smallest size. */
export function throttledSpec(spec: TenantSpec, throttled: boolean): TenantSpec {
  const { throttled: _, ...rest } = spec;
  return throttled ? { ...rest, throttled: true } : rest;
}

function sameSpec(a: TenantSpec, b: TenantSpec): boolean {
  const keys = Object.keys({ ...a, ...b }) as (keyof TenantSpec)[];
  return keys.every((key) => a[key] === b[key]);
}
