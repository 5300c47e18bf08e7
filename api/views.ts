import { type SuspendReason, suspendMessages } from '../automation/desired/index.ts';
import { type Health, readHealth } from '../automation/health/index.ts';
import type { AuditEntry } from '../automation/store/audit.ts';
import type { Queryable } from '../automation/store/database.ts';
import { type Interruption, listInterrupted } from '../automation/store/presence.ts';
import { findSubscriptions, type Subscription } from '../automation/store/subscriptions.ts';
import type { Tenant } from '../automation/store/tenants.ts';
import type { Plan, Product } from '../tenants/catalog/index.ts';
import type { TenantOutputs } from '../tenants/spec.ts';
import type { EntryView, ProductView, TenantView } from './contract/tenant.ts';
import { isOperator, type Principal } from './principal.ts';

/** Turns our rows into what callers see. */

export function productView(product: Product): ProductView {
  return {
    id: product.id,
    name: product.name,
    description: product.description,
    plans: product.plans.map(planView),
    meters: product.meters.map(({ id, name, unit, unitPriceMicros }) => ({
      id,
      name,
      unit,
      unitPriceMicros,
    })),
    namespace: { from: product.namespace.from, prefix: product.namespace.prefix },
  };
}

function planView({ id, name, price, trialDays, features, compute, volumeBytes, quota, entitlements }: Plan) {
  return {
    id,
    name,
    price: {
      kind: price.kind,
      priceCents: price.kind === 'custom' ? null : price.priceCents,
      currency: 'usd' as const,
      interval: price.kind === 'custom' ? null : price.interval,
      maxSeats: price.kind === 'perSeat' ? price.maxSeats : null,
    },
    trialDays: trialDays ?? null,
    features: [...features],
    limits: { ...quota, ...compute, volumeBytes },
    entitlements: Object.fromEntries(
      Object.entries(entitlements).map(([key, value]) => [key, isList(value) ? [...value] : value]),
    ),
  };
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value);
}

/** Tenants with their subscriptions and what runs of them, in the order given. */
export async function tenantViews(
  db: Queryable,
  tenants: readonly Tenant[],
  principal: Principal,
): Promise<TenantView[]> {
  const ids = tenants.flatMap(({ subscriptionId }) => subscriptionId ?? []);
  const subscriptions = ids.length > 0 ? await findSubscriptions(db, ids) : new Map<string, Subscription>();
  const healths = await readHealth(db, tenants);
  const interrupted = await interruptionsOf(db, tenants);
  return tenants.map((tenant) => {
    const found = {
      subscription: subscriptions.get(tenant.subscriptionId ?? '') ?? null,
      health: healths.get(tenant.id) ?? null,
      interruption: interrupted.get(tenant.id) ?? null,
    };
    return tenantView(tenant, found, principal);
  });
}

/** Asks only where an operation is under way, which is rare. */
async function interruptionsOf(
  db: Queryable,
  tenants: readonly Tenant[],
): Promise<ReadonlyMap<string, Interruption>> {
  const ids = tenants.flatMap(({ id, begunSpec, reasonCode }) => (begunSpec && !reasonCode ? [id] : []));
  const found = ids.length > 0 ? await listInterrupted(db, { ids }) : [];
  return new Map(found.map((one) => [one.tenantId, one]));
}

const interruptedReason = {
  code: 'interrupted',
  message:
    'The work on it was cut short, as its worker is gone. Another takes over by itself; nothing is lost.',
};

function causeOf({ holder }: Interruption): string {
  return holder === null
    ? 'Its worker stopped in mid-operation, and nobody has taken over yet.'
    : `Worker ${holder} is gone or cut off in mid-operation; another takes over once its lease has expired.`;
}

function tenantView(
  tenant: Tenant,
  found: {
    readonly subscription: Subscription | null;
    readonly health: Health | null;
    readonly interruption: Interruption | null;
  },
  principal: Principal,
): TenantView {
  const { subscription, health, interruption } = found;
  return {
    id: tenant.id,
    product: tenant.product,
    plan: tenant.desiredSpec.plan,
    slug: tenant.slug,
    namespace: tenant.namespace,
    region: tenant.desiredSpec.region,
    cell: tenant.cell,
    owner: tenant.owner,
    phase: tenant.phase,
    desired: {
      state: tenant.desiredState,
      plan: tenant.desiredSpec.plan,
      generation: tenant.desiredGeneration,
    },
    observed: { generation: tenant.observedGeneration, plan: tenant.observedSpec?.plan ?? null },
    health: health && healthView(health),
    reason: interruption ? interruptedReason : reasonOf(tenant),
    nextTryAt: tenant.nextTryAt?.toISOString() ?? null,
    subscription:
      subscription?.status == null
        ? null
        : {
            id: subscription.id,
            status: subscription.status,
            currentPeriodEnd: subscription.currentPeriodEnd?.toISOString() ?? null,
            cancelAtPeriodEnd: subscription.cancelAtPeriodEnd,
          },
    outputs: tenant.outputs && outputsView(tenant.outputs),
    createdAt: tenant.createdAt.toISOString(),
    requestedAt: subscription?.createdAt.toISOString() ?? null,
    activeAt: tenant.activeAt?.toISOString() ?? null,
    deleteAfter: tenant.deleteAfter?.toISOString() ?? null,
    ...(isOperator(principal) && { cause: interruption ? causeOf(interruption) : tenant.cause }),
  };
}

export function healthView({ sizes, since, lookedAt, ...health }: Health): NonNullable<TenantView['health']> {
  return {
    ...health,
    sizes: [...sizes],
    since: since?.toISOString() ?? null,
    lookedAt: lookedAt?.toISOString() ?? null,
  };
}

/** Leaves out the digest of the container's key. */
function outputsView({ namespace, serviceUrl, database, objects }: TenantOutputs): TenantView['outputs'] {
  return { namespace, serviceUrl, database, objects: [...objects] };
}

/** Why the tenant waits or failed, or else why it is suspended. */
export function reasonOf(tenant: Tenant): TenantView['reason'] {
  if (tenant.reasonCode) return { code: tenant.reasonCode, message: tenant.reasonMessage ?? '' };
  return suspensionOf(tenant);
}

/** Why a checkout led to no tenant. Only for causes that waiting does not remove. */
export function reasonOfNoTenant(problem: string): NonNullable<TenantView['reason']> {
  const why = problem.replace(/\.$/, '');
  return {
    code: 'cannot_be_set_up',
    message: `What you subscribed to cannot be set up yet: ${why}. Nothing is lost: our operators see it, and your tenant comes up once they have fixed it.`,
  };
}

/** Why the tenant is suspended, whatever else happens with it. */
export function suspensionOf(tenant: Tenant): TenantView['reason'] {
  if (tenant.desiredState !== 'suspended') return null;
  const reason = tenant.suspendReason as SuspendReason | null;
  return reason && { code: reason, message: suspendMessages[reason] };
}

export function entryView({ id, at, kind, message, data }: AuditEntry): EntryView {
  return { id, at, kind, message, data };
}
