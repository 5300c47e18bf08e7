/** Compares a cell's rows with its stacks, cluster and database server. Pure. */
import type { TenantOutputs } from '../../tenants/spec.ts';
import type { Running } from '../health/index.ts';
import type { Tenant, TenantState } from '../store/tenants.ts';
import { compareRunning } from './compare-running.ts';
import { type Observation, observe } from './kinds.ts';
import type { ReconcilePolicy } from './policy.ts';
import { compareServiceObjects, type LeftObject } from './service-objects.ts';

/** A tenant of the cell that is not deleted. */
export interface CellTenant
  extends Pick<
    Tenant,
    | 'id'
    | 'product'
    | 'slot'
    | 'namespace'
    | 'desiredState'
    | 'permanent'
    | 'attempts'
    | 'nextTryAt'
    | 'reasonCode'
  > {
  readonly plan: string;
  /** Null before the first successful operation. */
  readonly observedState: TenantState | null;
  /** True when its worker stopped in mid-operation and nobody has taken over. */
  readonly interrupted: boolean;
  /** True when it is in its desired state and no operation was cut short. */
  readonly settled: boolean;
  readonly updatedAt: Date;
  readonly database: Pick<NonNullable<TenantOutputs['database']>, 'name' | 'schema' | 'role'> | null;
  /** The database server with its rows; null for the cell's shared one. */
  readonly databaseServer: string | null;
  /** The names (`nameOf`) of its namespaced objects. */
  readonly objects: readonly string[];
}

export interface LiveNamespace {
  readonly name: string;
  /** The label's value; empty without a label. */
  readonly tenantId: string;
  readonly plan: string | null;
  readonly createdAt: Date | null;
  /** When its deletion began; null unless it is being deleted. */
  readonly deletedAt: Date | null;
}

/** A labelled object in a namespace, or (null) of the whole cluster. */
export interface LiveObject {
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly tenantId: string;
  readonly deletedAt: Date | null;
}

/** An object in PostgreSQL with a tenant's name. */
export interface DatabaseObject {
  readonly kind: 'schema' | 'role' | 'database';
  readonly name: string;
  /** Null for the cell's shared one. */
  readonly server: string | null;
  readonly tenantId: string;
}

export interface CellWorld {
  readonly tenants: readonly CellTenant[];
  readonly namespaces: readonly LiveNamespace[];
  readonly objects: readonly LiveObject[];
  /** Objects of services that no row wants. */
  readonly leftObjects: readonly LeftObject[];
  readonly databaseObjects: readonly DatabaseObject[];
  /** Ids of tenants whose stacks have a state; null where they cannot be listed. */
  readonly stacks: ReadonlySet<string> | null;
  /** Ids whose stacks are reserved for future tenants. */
  readonly reserved: ReadonlySet<string>;
  /** Expired leases. */
  readonly leases: readonly { readonly tenantId: string; readonly expiredAt: Date }[];
  /** What runs, by tenant; null when nobody watches the cell. */
  readonly running: ReadonlyMap<string, Running> | null;
  /** Products with warm slots. */
  readonly slotProducts: ReadonlySet<string>;
  /** Tenants that a job or a person is working on. */
  readonly busy: ReadonlySet<string>;
  readonly now: Date;
  readonly policy: Pick<ReconcilePolicy, 'graceMs' | 'stalledMs'>;
}

/** After this many failed tries, a tenant shows as failed. */
const patienceAttempts = 4;

/** How long a deletion may take before somebody should look. */
const deletionMs = 600_000;

/** What comparisons call a tenant's namespaced object. */
export function nameOf(object: { readonly kind: string; readonly name: string }): string {
  return `${object.kind}/${object.name}`;
}

export function compareCell(world: CellWorld): Observation[] {
  const standing = new Map(world.tenants.map((tenant) => [tenant.id, tenant]));
  return [
    ...world.tenants.flatMap((tenant) => (world.busy.has(tenant.id) ? [] : compareProgress(tenant, world))),
    ...compareNamespaces(world, standing),
    ...compareObjects(world, standing),
    ...compareServiceObjects(world),
    ...compareDatabases(world, standing),
    ...compareStacks(world, standing),
    ...compareLeases(world, standing),
    ...compareRunning(world.tenants, world.running, { ...world, graceMs: world.policy.graceMs }),
  ];
}

/** Whether a tenant makes progress. */
function compareProgress(tenant: CellTenant, { slotProducts, now, policy }: CellWorld): Observation[] {
  const about = { tenantId: tenant.id, since: tenant.updatedAt };
  if (tenant.slot && tenant.desiredState !== 'deleted' && !slotProducts.has(tenant.product)) {
    const cause = `${tenant.product} no longer has warm slots`;
    return [observe('slot-of-nobody', tenant.id, cause, about)];
  }
  if (tenant.interrupted)
    return [observe('tenant-stalled', tenant.id, 'its worker stopped in mid-operation', about)];
  if (tenant.settled) return [];
  const why = tenant.reasonCode ?? 'no reason is known';
  if (tenant.permanent || tenant.attempts >= patienceAttempts) {
    const kind = tenant.slot ? 'slot-stuck' : 'tenant-stuck';
    const tries = tenant.permanent ? 'only a change helps' : `${tenant.attempts} tries failed`;
    return [observe(kind, tenant.id, `it is not what it should be: ${why}, ${tries}`, about)];
  }
  const waits = tenant.nextTryAt !== null && tenant.nextTryAt > now;
  const idleMs = now.getTime() - Math.max(tenant.updatedAt.getTime(), tenant.nextTryAt?.getTime() ?? 0);
  if (waits || idleMs < policy.stalledMs) return [];
  return [observe('tenant-stalled', tenant.id, 'it is not what it should be, and nobody works on it', about)];
}

function compareNamespaces(
  { namespaces, tenants, busy, now }: CellWorld,
  standing: ReadonlyMap<string, CellTenant>,
): Observation[] {
  const found: Observation[] = [];
  const seen = new Set<string>();
  for (const { name, tenantId, plan, createdAt, deletedAt } of namespaces) {
    const owner = standing.get(tenantId);
    if (owner?.namespace === name && deletedAt === null) seen.add(tenantId);
    if (busy.has(tenantId)) continue;
    if (owner?.namespace !== name) {
      if (deletedAt !== null && now.getTime() - deletedAt.getTime() < deletionMs) continue;
      const cause = owner
        ? `it is marked as tenant ${tenantId}'s, whose namespace is ${owner.namespace}`
        : `it is marked as tenant ${tenantId || '(none)'}'s, which is not there`;
      const more = {
        ...(!owner && { tenantId }),
        since: deletedAt ?? createdAt,
        data: { namespace: name, plan },
      };
      found.push(observe(owner ? 'object-of-nobody' : 'namespace-of-nobody', name, cause, more));
    } else if (owner.settled && deletedAt === null && plan !== owner.plan) {
      const cause = `the namespace says ${plan ?? 'no plan'}, and ${owner.plan} is wanted`;
      found.push(observe('wrong-plan-in-cluster', tenantId, cause, { tenantId }));
    }
  }
  for (const { id, namespace, observedState, settled } of tenants) {
    if (busy.has(id) || !settled || !stands(observedState) || seen.has(id)) continue;
    found.push(observe('namespace-missing', id, `${namespace} is not in the cluster`, { tenantId: id }));
  }
  return found;
}

function compareObjects(
  { objects, namespaces, tenants, busy }: CellWorld,
  standing: ReadonlyMap<string, CellTenant>,
): Observation[] {
  const found: Observation[] = [];
  const seen = new Map<string, Set<string>>();
  const there = new Set(namespaces.map(({ name }) => name));
  for (const object of objects) {
    const { tenantId, namespace, deletedAt } = object;
    const owner = standing.get(tenantId);
    const name = nameOf(object);
    if (owner && namespace === owner.namespace && deletedAt === null) {
      const names = seen.get(tenantId);
      if (names) names.add(name);
      else seen.set(tenantId, new Set([name]));
    }
    if (busy.has(tenantId) || deletedAt !== null) continue;
    const isItsOwn =
      owner && namespace === owner.namespace && (!owner.settled || owner.objects.includes(name));
    // An object in a namespace that has no owner goes with the namespace.
    const isToldAlready = !owner && namespace !== null && there.has(namespace);
    if (isItsOwn || isToldAlready) continue;
    const where = namespace ?? 'the cluster';
    const cause = `it is marked as tenant ${tenantId || '(none)'}'s, ${owner ? 'which did not make it' : 'which is not there'}`;
    found.push(observe('object-of-nobody', `${name} in ${where}`, cause));
  }
  for (const { id, namespace, settled, observedState, objects: expected } of tenants) {
    // When the namespace is missing, so are its objects: one finding is enough.
    if (busy.has(id) || !settled || !stands(observedState) || !there.has(namespace)) continue;
    const missing = expected.filter((name) => !seen.get(id)?.has(name));
    if (missing.length === 0) continue;
    const cause = `${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ' …' : ''} not in ${namespace}`;
    found.push(observe('object-missing', id, cause, { tenantId: id, data: { missing } }));
  }
  return found;
}

function compareDatabases(
  { databaseObjects, tenants, busy }: CellWorld,
  standing: ReadonlyMap<string, CellTenant>,
): Observation[] {
  const found: Observation[] = [];
  const seen = new Set<string>();
  for (const object of databaseObjects) {
    const { kind, name, server, tenantId } = object;
    const title = placed(`${kind} ${name}`, server);
    seen.add(title);
    const owner = standing.get(tenantId);
    if (busy.has(tenantId) || (owner && !owner.settled)) continue;
    if (owner && expectedInDatabase(owner).includes(title)) continue;
    const cause = owner
      ? `tenant ${tenantId} is there and does not use it`
      : `tenant ${tenantId}, which it is made for, is not there`;
    found.push(
      observe(`${kind}-of-nobody`, placed(name, server), cause, owner ? {} : { tenantId, data: { server } }),
    );
  }
  for (const tenant of tenants) {
    if (busy.has(tenant.id) || !tenant.settled || !stands(tenant.observedState)) continue;
    const missing = expectedInDatabase(tenant).filter((name) => !seen.has(name));
    if (missing.length === 0) continue;
    const cause = `${missing.join(', ')} not in the database`;
    found.push(observe('database-missing', tenant.id, cause, { tenantId: tenant.id, data: { missing } }));
  }
  return found;
}

function expectedInDatabase({ database, databaseServer }: CellTenant): string[] {
  if (database === null) return [];
  const { name, schema, role } = database;
  const titles = [`role ${role}`, name === null ? `schema ${schema}` : `database ${name}`];
  return titles.map((title) => placed(title, databaseServer));
}

function placed(title: string, server: string | null): string {
  return server === null ? title : `${title} on ${server}`;
}

function compareStacks(
  { stacks, reserved, tenants, busy }: CellWorld,
  standing: ReadonlyMap<string, CellTenant>,
): Observation[] {
  if (stacks === null) return [];
  const found: Observation[] = [];
  for (const id of stacks) {
    if (standing.has(id) || reserved.has(id) || busy.has(id)) continue;
    const cause = 'it is neither of a tenant nor kept for one';
    found.push(observe('stack-of-nobody', id, cause, { tenantId: id }));
  }
  for (const id of reserved) {
    if (stacks.has(id) || busy.has(id)) continue;
    const cause = 'it is kept for a tenant to come, and has no state';
    found.push(observe('reservation-without-stack', id, cause, { data: { reserved: id } }));
  }
  for (const { id, settled, observedState } of tenants) {
    if (busy.has(id) || !settled || !stands(observedState) || stacks.has(id)) continue;
    found.push(
      observe('stack-missing', id, 'the tenant stands, and its stack has no state', { tenantId: id }),
    );
  }
  return found;
}

function compareLeases(
  { leases, busy, now, policy }: CellWorld,
  standing: ReadonlyMap<string, CellTenant>,
): Observation[] {
  return leases.flatMap(({ tenantId, expiredAt }) => {
    const tenant = standing.get(tenantId);
    // When there is work to do, the next job takes the lease over anyway.
    if (busy.has(tenantId) || (tenant && !tenant.settled)) return [];
    if (now.getTime() - expiredAt.getTime() < policy.graceMs) return [];
    const cause = 'its holder stopped and nobody took it over';
    return [observe('lease-left', tenantId, cause, { tenantId, since: expiredAt })];
  });
}

function stands(observedState: TenantState | null): boolean {
  return observedState === 'active' || observedState === 'suspended';
}
