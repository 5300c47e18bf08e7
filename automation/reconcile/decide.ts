/** Carries out an operator's decision about a finding, always by giving work to the ordinary jobs. */
import Stripe from 'stripe';
import { catalog, findProduct } from '../../tenants/catalog/index.ts';
import type { DataIsolation } from '../../tenants/catalog/types.ts';
import { type TenantSpec, tenantIdPattern } from '../../tenants/spec.ts';
import { ownerlessSpec } from '../desired/index.ts';
import { changeTenant, type Following } from '../followers.ts';
import { findOrganization, forgetCustomer } from '../organizations/index.ts';
import type { Policy } from '../policy.ts';
import { record } from '../store/audit.ts';
import { type Cell, listCells } from '../store/cells.ts';
import type { Database, Queryable } from '../store/database.ts';
import { findSubscription, markSubscription } from '../store/subscriptions.ts';
import { isNamespaceHeld } from '../store/tenant-names.ts';
import { changeDesired, findTenant, resetFailure, ringTenant } from '../store/tenants.ts';
import { decideFinding, type Finding, findFinding, listOpenFindings } from './findings.ts';
import { adoptRemains, forgetStack, lastSpecOf } from './healing.ts';
import { type Approval, factsOf, type Kind, kinds } from './kinds.ts';

export interface DecisionContext extends Following {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly policy: Pick<Policy, 'retentionMs'>;
}

export interface Decision {
  readonly id: number;
  /** The operator's name in the audit trail. */
  readonly by: string;
  readonly note: string | null;
}

export type Outcome =
  | { readonly outcome: 'done' | 'unchanged'; readonly finding: Finding }
  | { readonly outcome: 'not-found' }
  /** The finding has ended, or does not count yet. */
  | { readonly outcome: 'not-open'; readonly finding: Finding }
  /** Only a person can help. */
  | { readonly outcome: 'by-hand'; readonly finding: Finding }
  /** The world has changed since the finding. The next look will say how it is now. */
  | { readonly outcome: 'changed'; readonly finding: Finding; readonly why: string };

/** Undoes the transaction: what the operator wants to approve is no longer the case. */
class Changed extends Error {}

/** Does what the finding's kind says an approval does, and records who approved, in one transaction. */
export async function approveFinding(context: DecisionContext, decision: Decision): Promise<Outcome> {
  const { database, stripe, now } = context;
  const finding = await findFinding(database, decision.id);
  if (!finding) return { outcome: 'not-found' };
  if (finding.state === 'approved' && finding.endedAt === null) return { outcome: 'unchanged', finding };
  if (!isOpen(finding)) return { outcome: 'not-open', finding };
  if (!isKind(finding.kind)) return { outcome: 'by-hand', finding };
  const { heals, approval } = factsOf(finding.kind);
  if (heals === null && approval === null) return { outcome: 'by-hand', finding };
  try {
    if (approval === 'cancel-subscription') await cancelSubscription(context, stripe, finding);
    return await database.transaction(async (client) => {
      const locked = await findFinding(client, decision.id, { lock: true });
      if (!locked || !isOpen(locked)) throw new Changed('it was decided meanwhile');
      if (approval !== null) await carryOut(client, context, approval, locked);
      // A healing that failed starts over with all its tries.
      const state = approval === null ? 'healing' : 'approved';
      await decideFinding(client, decision.id, { ...decision, state, at: now() });
      await recordDecision(client, locked, decision, 'finding.approved', approval ?? heals);
      return { outcome: 'done', finding: (await findFinding(client, decision.id)) ?? locked };
    });
  } catch (error) {
    if (error instanceof Changed) return { outcome: 'changed', finding, why: error.message };
    throw error;
  }
}

/** Leaves the finding alone: it is no longer reported, for as long as it lasts. */
export async function dismissFinding(
  { database, now }: Pick<DecisionContext, 'database' | 'now'>,
  decision: Decision,
): Promise<Outcome> {
  return database.transaction(async (client) => {
    const finding = await findFinding(client, decision.id, { lock: true });
    if (!finding) return { outcome: 'not-found' };
    if (finding.state === 'dismissed' && finding.endedAt === null) return { outcome: 'unchanged', finding };
    if (!isOpen(finding)) return { outcome: 'not-open', finding };
    await decideFinding(client, decision.id, { ...decision, state: 'dismissed', at: now() });
    await recordDecision(client, finding, decision, 'finding.dismissed', null);
    return { outcome: 'done', finding: (await findFinding(client, decision.id)) ?? finding };
  });
}

function isOpen({ state, endedAt }: Finding): boolean {
  return endedAt === null && state !== 'suspected';
}

function isKind(kind: string): kind is Kind {
  return Object.hasOwn(kinds, kind);
}

async function recordDecision(
  client: Queryable,
  { id, kind, subject, cause, tenantId, subscriptionId }: Finding,
  { by, note }: Decision,
  entry: 'finding.approved' | 'finding.dismissed',
  does: string | null,
): Promise<void> {
  await record(client, {
    tenantId,
    subscriptionId,
    kind: entry,
    message: `${by} ${entry === 'finding.approved' ? 'approved' : 'dismissed'} ${kind} (${subject})`,
    data: { finding: id, kind, cause, by, note, does },
    audience: 'operator',
  });
}

/** What an approval does; each first checks that the world still is as found. */
async function carryOut(
  client: Queryable,
  context: DecisionContext,
  approval: Approval,
  finding: Finding,
): Promise<void> {
  switch (approval) {
    case 'delete-remains':
      return deleteRemains(client, context, finding);
    case 'end-tenant':
      return endTenant(client, context, finding);
    case 'cancel-subscription':
      if (finding.subscriptionId !== null) await markSubscription(client, finding.subscriptionId);
      return;
    case 'forget-customer':
      return forget(client, finding);
    case 'retry':
    case 'make-stack':
    case 'delete-slot':
      return mendTenant(client, context, approval, finding);
  }
}

async function mendTenant(
  client: Queryable,
  context: DecisionContext,
  approval: 'retry' | 'make-stack' | 'delete-slot',
  { tenantId }: Finding,
): Promise<void> {
  const tenant = await findTenant(client, tenantId ?? '', { lock: true });
  if (!tenant || tenant.phase === 'deleted') throw new Changed('the tenant is deleted');
  if (approval === 'retry') await resetFailure(client, tenant.id);
  if (approval === 'make-stack') await forgetStack(client, tenant.id);
  if (approval === 'delete-slot') {
    if (!tenant.slot) throw new Changed('the slot was given to somebody');
    const spec = tenant.desiredSpec;
    await changeTenant(client, context, tenant, (db) =>
      changeDesired(db, tenant.id, { state: 'deleted', spec, suspendReason: null, deleteAfter: null }),
    );
  }
  await ringTenant(client, tenant);
}

/** Treats the tenant as if its subscription had ended: suspends it now, deletes it after the retention. */
async function endTenant(
  client: Queryable,
  context: DecisionContext,
  { tenantId, subscriptionId, kind }: Finding,
): Promise<void> {
  const { policy, now } = context;
  const subscription = subscriptionId === null ? null : await findSubscription(client, subscriptionId);
  const tenant = await findTenant(client, tenantId ?? '', { lock: true });
  if (!tenant || tenant.desiredState === 'deleted') throw new Changed('the tenant is deleted');
  if (tenant.slot || tenant.subscriptionId !== subscriptionId)
    throw new Changed('the tenant has another subscription now');
  const isPaid = subscription?.status === 'active' || subscription?.status === 'trialing';
  if (kind === 'unpaid-served' && isPaid) throw new Changed('the tenant is paid now');
  await changeTenant(client, context, tenant, (db) =>
    changeDesired(db, tenant.id, {
      state: 'suspended',
      spec: { ...tenant.desiredSpec, state: 'suspended' },
      suspendReason: 'subscription_ended',
      deleteAfter: tenant.deleteAfter ?? new Date(now().getTime() + policy.retentionMs),
    }),
  );
  await ringTenant(client, tenant);
}

async function forget(client: Queryable, { data }: Finding): Promise<void> {
  const { organization, customer } = data;
  const found =
    typeof organization === 'string' ? await findOrganization(client, { id: organization }) : null;
  if (!found || found.customerId === null || found.customerId !== customer)
    throw new Changed('the organization has another customer now');
  await forgetCustomer(client, found.customerId);
}

/** Cancels at Stripe before anything is recorded: cancelling twice is harmless, and a failure leaves no record. */
async function cancelSubscription(
  { database }: DecisionContext,
  stripe: Stripe,
  { id, tenantId, subscriptionId }: Finding,
): Promise<void> {
  if (subscriptionId === null) throw new Changed('it names no subscription');
  const tenant = await findTenant(database, tenantId ?? '');
  if (tenant && (tenant.desiredState !== 'deleted' || tenant.subscriptionId !== subscriptionId))
    throw new Changed('its tenant is not deleted any more');
  try {
    await stripe.subscriptions.cancel(subscriptionId, {}, { idempotencyKey: `tenantry-finding:${id}` });
  } catch (error) {
    // It has ended, or never existed.
    if (!(error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404)) throw error;
  }
}

/** Gives a tenant's remains a row whose desired state is deleted. */
async function deleteRemains(client: Queryable, { now }: DecisionContext, finding: Finding): Promise<void> {
  const { tenantId, area } = finding;
  if (tenantId === null || !tenantIdPattern.test(tenantId))
    throw new Changed('its label names no tenant id of ours: delete it by hand, or remove the label');
  const cell = (await listCells(client)).find(({ id }) => area === `cell:${id}`);
  if (!cell) throw new Changed('its cell is not there any more');
  const remains = (await listOpenFindings(client, area)).filter(
    (other) => other.tenantId === tenantId && other.kind.endsWith('-of-nobody'),
  );
  const spec = await specOfRemains(client, cell, tenantId, remains, now());
  if (!(await adoptRemains(client, spec))) throw new Changed('a tenant of this id stands');
  await ringTenant(client, { id: tenantId, cell: cell.id });
}

/**
 * A spec that covers the remains: their namespace and the kind of their rows. The update before the destroy makes what is
 * missing, and the destroy removes that, too.
 */
async function specOfRemains(
  client: Queryable,
  cell: Cell,
  tenantId: string,
  remains: readonly Finding[],
  now: Date,
): Promise<TenantSpec> {
  const last = await lastSpecOf(client, tenantId);
  const namespace = remains.find(({ kind }) => kind === 'namespace-of-nobody')?.subject;
  const product =
    (last && findProduct(last.product)) ??
    catalog.find(({ namespace: { prefix } }) => namespace?.startsWith(prefix)) ??
    catalog.find(({ namespace: { from } }) => from === 'tenantId');
  const plan = product?.plans[0];
  if (!product || !plan) throw new Error('the catalog is empty');
  const base = last ?? ownerlessSpec({ tenantId, product: product.id, plan: plan.id, cell, createdAt: now });
  // Another tenant may have the name by now.
  const own = product.namespace.prefix + tenantId;
  const isHeld = await isNamespaceHeld(client, { cell: cell.id, namespace: base.namespace }, tenantId);
  const isolation = isolationOf(remains) ?? base.dataIsolation;
  return {
    ...base,
    cell: cell.id,
    state: 'suspended',
    namespace: namespace?.startsWith(product.namespace.prefix) ? namespace : isHeld ? own : base.namespace,
    ...(isolation && { dataIsolation: isolation }),
  };
}

function isolationOf(remains: readonly Finding[]): DataIsolation | null {
  const names = remains.map(({ kind, subject }) => `${kind} ${subject}`);
  if (names.some((name) => /^database-of-nobody|^role-of-nobody .*_app/.test(name))) return 'database';
  return names.some((name) => /^(schema|role)-of-nobody/.test(name)) ? 'schema' : null;
}
