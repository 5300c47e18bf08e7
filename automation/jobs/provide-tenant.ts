import { findPlan, findProduct } from '../../tenants/catalog/index.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import {
  decide,
  type Entitlement,
  newSpec,
  newTenantId,
  placeDatabase,
  placeTenant,
  type SubscriptionFacts,
} from '../desired/index.ts';
import { changeTenant } from '../followers.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import { type Cell, listCells, listDatabaseServers, lockDatabaseServers } from '../store/cells.ts';
import type { Queryable } from '../store/database.ts';
import { ringReplenish, takeReservedStack } from '../store/stacks.ts';
import { holdMarks } from '../store/subscriptions.ts';
import {
  assignTenant,
  changeDesired,
  insertTenant,
  lockReadySlot,
  lockRetainedTenant,
  ringTenant,
  type Tenant,
} from '../store/tenants.ts';
import type { JobContext } from './context.ts';

/** Picks the cell for a subscription without a tenant; null when it gets none. */
export async function placeFor(
  { cell }: JobContext,
  client: Queryable,
  { bought, region, residency }: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<{ readonly cell: Cell } | { readonly problem: string } | null> {
  if (entitlement.kind !== 'active' || 'problem' in bought) return null;
  return placeTenant({ ...bought, region, residency }, await listCells(client), cell);
}

/**
 * Picks a database server for a tenant that has no rows yet; null for the cell's shared one. The server is the tenant's
 * once the transaction has written it into the spec.
 */
async function databaseServerFor(
  { cell }: JobContext,
  client: Queryable,
  tenant: { readonly product: string; readonly plan: string; readonly slug: string },
): Promise<string | null> {
  if (findPlan(tenant.product, tenant.plan)?.dataIsolation !== 'database') return null;
  await lockDatabaseServers(client, cell.id);
  return placeDatabase(tenant, await listDatabaseServers(client, cell.id));
}

/** Finds or makes a tenant in this cell for a subscription that has none, and rings for it. */
export async function provideTenant(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<{ readonly tenantId: string; readonly entry: NewAuditEntry }> {
  await holdMarks(client, facts.id);
  const source =
    (await reattach(context, client, facts, entitlement)) ??
    (await claimSlot(context, client, facts, entitlement)) ??
    (await create(context, client, facts));
  await ringTenant(client, { id: source.tenantId, cell: context.cell.id });
  await ringReplenish(client, context.cell.id);
  return {
    tenantId: source.tenantId,
    entry: {
      tenantId: source.tenantId,
      subscriptionId: facts.id,
      kind: source.kind,
      message: [source.message, ...(source.notes ?? [])].join('. '),
      data: { ...facts.bought, owner: facts.owner },
    },
  };
}

interface Source {
  readonly tenantId: string;
  readonly kind: string;
  readonly message: string;
  /** What else a person should know, in sentences. */
  readonly notes?: readonly string[];
}

/** Gives a customer who returns before the data is deleted the same tenant again. */
async function reattach(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<Source | null> {
  if ('problem' in facts.bought) return null;
  const kept = await lockRetainedTenant(client, {
    owner: facts.owner,
    product: facts.bought.product,
    cell: context.cell.id,
    slug: facts.slug,
  });
  if (!kept) return null;
  return {
    tenantId: kept.id,
    kind: 'tenant.reattached',
    message: 'Subscribed again before the data was deleted, so the same tenant resumes',
    notes: await assign(context, client, kept, facts, entitlement, { slug: kept.slug }),
  };
}

/** Takes a warm slot; null when there is none. */
async function claimSlot(
  context: JobContext,
  client: Queryable,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
): Promise<Source | null> {
  const { cell } = context;
  if ('problem' in facts.bought) return null;
  const { product, plan } = facts.bought;
  if (findProduct(product)?.slotPlan == null) return null;
  const slot = await lockReadySlot(client, { product, cell: cell.id });
  if (!slot) return null;
  const slug = facts.slug ?? slot.id;
  // A slot has no rows yet.
  const databaseServer = await databaseServerFor(context, client, { product, plan, slug });
  return {
    tenantId: slot.id,
    kind: 'tenant.claimed',
    message: 'Assigned a tenant that was prepared ahead',
    notes: await assign(context, client, slot, facts, entitlement, {
      slug,
      ...(databaseServer !== null && { databaseServer }),
    }),
  };
}

/**
 * Gives a tenant to a subscription, with the name and everything else `chosen` for it, and sets the desired state that the
 * subscription entitles to.
 * @returns what a person should know about it, in sentences
 */
async function assign(
  context: JobContext,
  client: Queryable,
  tenant: Tenant,
  facts: SubscriptionFacts,
  entitlement: Entitlement,
  { slug, ...chosen }: Pick<TenantSpec, 'slug' | 'databaseServer'>,
): Promise<readonly string[]> {
  const { owner, id: subscriptionId } = facts;
  const { change, notes } = decide({ ...tenant, owner, slug }, facts, entitlement);
  await changeTenant(client, context, tenant, async (db) => {
    const assigned = await assignTenant(db, tenant.id, { owner, subscriptionId, slug });
    return change
      ? changeDesired(db, tenant.id, { ...change, spec: { ...change.spec, ...chosen } })
      : assigned;
  });
  return notes;
}

/** Makes a tenant, on a reserved stack if there is one. */
async function create(context: JobContext, client: Queryable, facts: SubscriptionFacts): Promise<Source> {
  const { cell, now } = context;
  if ('problem' in facts.bought) throw new Error(facts.bought.problem);
  const reserved = await takeReservedStack(client, cell.id);
  const tenantId = reserved?.tenantId ?? newTenantId();
  const wish = {
    ...facts.bought,
    tenantId,
    cell: cell.id,
    region: cell.region,
    owner: facts.owner,
    billingAccount: facts.customerId,
    createdAt: now(),
    databaseServer: await databaseServerFor(context, client, {
      ...facts.bought,
      slug: facts.slug ?? tenantId,
    }),
  };
  const insert = (slug: string) =>
    changeTenant(client, context, null, (db) =>
      insertTenant(db, {
        spec: newSpec({ ...wish, slug }),
        subscriptionId: facts.id,
        slot: false,
        stackSettings: reserved?.stackSettings ?? null,
      }),
    );
  if (await insert(facts.slug ?? tenantId)) {
    return { tenantId, kind: 'tenant.created', message: 'Tenant requested' };
  }
  // Checkout refuses a taken name. But when two customers pay for it at the same moment, both must get a tenant.
  const slug = `${(facts.slug ?? tenantId).slice(0, 30).replace(/-$/, '')}-${tenantId}`;
  if (!(await insert(slug))) throw new Error(`tenant id ${tenantId} is taken`);
  return {
    tenantId,
    kind: 'tenant.created',
    message: `Tenant requested as ${slug}, because the name ${facts.slug} has been taken in the meantime`,
  };
}
