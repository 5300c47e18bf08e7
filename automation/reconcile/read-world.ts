/** Reads both sides of a comparison, in such an order that concurrent changes show as busy. */
import { catalog } from '../../tenants/catalog/index.ts';
import { readRunning } from '../health/index.ts';
import { checkLedger } from '../ledger/index.ts';
import { listInterrupted } from '../store/presence.ts';
import type { CellWorld } from './compare-cell.ts';
import type { CustomerOfNobody, MoneyWorld } from './compare-money.ts';
import type { ReconcileContext } from './context.ts';
import {
  type CustomerRow,
  readBusySubscriptions,
  readBusyTenants,
  readCellTenants,
  readCustomers,
  readPaidTenants,
  readReserved,
  readSpentLeases,
  readSubscriptions,
} from './rows.ts';
import { listLeftObjects } from './service-objects.ts';
import {
  type Asked,
  type ListedCustomer,
  listCustomers,
  listDatabaseObjects,
  listNamespaces,
  listObjects,
  listSubscriptions,
} from './sources.ts';
import { readUnreportedUsage } from './usage.ts';

export type Looked = Record<string, Asked>;

/** Counts the calls to a source. */
function counter(looked: Looked): (source: string) => Asked {
  return (source) => {
    const asked = { calls: 0, items: 0 };
    looked[source] = asked;
    return asked;
  };
}

function counted<T>(asked: Asked, rows: readonly T[]): void {
  asked.calls += 1;
  asked.items += rows.length;
}

/** Reads Stripe first, then our rows, and last what is busy: so a change in between shows as busy. */
export async function readMoneyWorld(
  { database, stripe, jobs, policy, now }: ReconcileContext,
  looked: Looked,
): Promise<MoneyWorld> {
  const begun = performance.now();
  const ask = counter(looked);
  const [listed, customers] = await Promise.all([
    listSubscriptions(stripe, ask('subscriptions at Stripe')),
    listCustomers(stripe, ask('customers at Stripe')),
  ]);
  const rows = ask('rows');
  const records = await readSubscriptions(database);
  counted(rows, records);
  const tenants = await readPaidTenants(database);
  counted(rows, tenants);
  const organizations = await readCustomers(database);
  counted(rows, organizations);
  const unreported = await readUnreportedUsage(database, now());
  counted(rows, unreported);
  const ledger = await checkLedger(database);
  looked.ledger = { calls: 1, items: ledger.entries };
  const withinMs = policy.graceMs + (performance.now() - begun);
  return {
    listed,
    records: new Map(records.map((record) => [record.id, record])),
    tenants,
    ...compareCustomers(organizations, customers, new Date(now().getTime() - withinMs)),
    unreported,
    ledger,
    busy: {
      subscriptions: await readBusySubscriptions(database, withinMs),
      tenants: await readBusyTenants(database, withinMs),
    },
    now: now(),
    policy: jobs,
  };
}

/** @param before ignores later customers, which organizations may be about to get */
function compareCustomers(
  organizations: readonly CustomerRow[],
  customers: readonly ListedCustomer[],
  before: Date,
): { customersOfNobody: CustomerOfNobody[]; organizationsWithoutCustomer: CustomerRow[] } {
  const kept = new Map(organizations.map(({ id, customerId }) => [id, customerId]));
  const listed = new Set(customers.map(({ id }) => id));
  return {
    customersOfNobody: customers.flatMap(({ id, organization, createdAt }) =>
      organization === null || kept.get(organization) === id || createdAt > before
        ? []
        : [{ id, organization, isThere: kept.has(organization) }],
    ),
    organizationsWithoutCustomer: organizations.filter(
      ({ customerId }) => customerId !== null && !listed.has(customerId),
    ),
  };
}

const slotProducts = (): ReadonlySet<string> =>
  new Set(catalog.filter(({ slotPlan }) => slotPlan !== null).map(({ id }) => id));

/** Reads the live objects first, then our rows, and last what is busy. */
export async function readCellWorld(context: ReconcileContext, looked: Looked): Promise<CellWorld> {
  const { database, cluster, objects: ofServices, servers, stacks: listStacks, cell, policy, now } = context;
  const begun = performance.now();
  const begunAt = now();
  const ask = counter(looked);
  const namespacesAsked = ask('namespaces');
  const objectsAsked = ask('objects in the cluster');
  const servicesAsked = ask('objects of services');
  const databaseAsked = ask('database servers');
  const [stacks, [namespaces, objects, leftObjects], databaseObjects] = await Promise.all([
    listStacks(),
    (async () =>
      [
        await listNamespaces(cluster, namespacesAsked),
        await listObjects(
          cluster,
          objectsAsked,
          ofServices.map(({ label }) => label),
        ),
        await listLeftObjects(context, servicesAsked),
      ] as const)(),
    Promise.all(servers.map((server) => listDatabaseObjects(server, databaseAsked))),
  ]);
  looked.stacks = { calls: 1, items: stacks?.size ?? 0 };
  const rows = ask('rows');
  // Read before the tenants: a reservation becomes a tenant in one transaction, so either way its stack has an owner.
  const reserved = await readReserved(database, cell.id, new Date(begunAt.getTime() - policy.graceMs));
  counted(rows, reserved);
  const tenants = await readCellTenants(database, cell.id);
  counted(rows, tenants);
  const leases = await readSpentLeases(database, cell.id);
  counted(rows, leases);
  const interrupted = new Set(
    (await listInterrupted(database, { cell: cell.id })).map(({ tenantId }) => tenantId),
  );
  const running = await readRunning(database, cell.id);
  looked['what runs'] = { calls: 2, items: running?.size ?? 0 };
  const busy = await readBusyTenants(database, policy.graceMs + (performance.now() - begun));
  for (const { id, old } of reserved) if (!old) busy.add(id);
  // A lease whose holder is gone is nobody's work.
  for (const id of interrupted) busy.delete(id);
  // Tenants write labels in their own namespace as they like: there an object is the namespace's.
  const owners = new Map(namespaces.map(({ name, tenantId }) => [name, tenantId]));
  return {
    tenants: tenants.map((tenant) => ({ ...tenant, interrupted: interrupted.has(tenant.id) })),
    namespaces,
    objects: objects.map((object) => ({
      ...object,
      tenantId: (object.namespace === null ? undefined : owners.get(object.namespace)) ?? object.tenantId,
    })),
    leftObjects,
    databaseObjects: databaseObjects.flat(),
    stacks,
    reserved: new Set(reserved.map(({ id }) => id)),
    leases: leases.map(({ id, expiredAt }) => ({ tenantId: id, expiredAt })),
    running,
    slotProducts: slotProducts(),
    busy,
    now: now(),
    policy,
  };
}
