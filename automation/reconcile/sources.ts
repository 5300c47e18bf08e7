/** The reconciler's calls to others: paged lists, never one call per tenant. */
import type Stripe from 'stripe';
import { readSubscription } from '../desired/index.ts';
import { customerMetadata } from '../organizations/index.ts';
import {
  Discovery,
  isStatus,
  type Json,
  type JsonObject,
  type KubernetesClient,
} from '../providers/kubernetes/index.ts';
import type { Queryable } from '../store/database.ts';
import type { DatabaseObject, LiveNamespace, LiveObject } from './compare-cell.ts';
import type { ListedSubscription } from './compare-money.ts';

/** Counts calls to one source, for `tenantry reconcile` and the benchmark. */
export interface Asked {
  calls: number;
  items: number;
}

const stripePage = 100;
const clusterPage = 500;

/** Every live subscription. */
export async function listSubscriptions(stripe: Stripe, asked: Asked): Promise<ListedSubscription[]> {
  const listed: ListedSubscription[] = [];
  await listAll(
    asked,
    (after) => stripe.subscriptions.list({ limit: stripePage, ...after }),
    (subscription) =>
      listed.push({
        facts: readSubscription(subscription),
        createdAt: new Date(subscription.created * 1000),
      }),
  );
  return listed;
}

export interface ListedCustomer {
  readonly id: string;
  /** The organization that it was made for; null for none of ours. */
  readonly organization: string | null;
  readonly createdAt: Date;
}

/** Every customer of the account. */
export async function listCustomers(stripe: Stripe, asked: Asked): Promise<ListedCustomer[]> {
  const listed: ListedCustomer[] = [];
  await listAll(
    asked,
    (after) => stripe.customers.list({ limit: stripePage, ...after }),
    ({ id, metadata, created }) =>
      listed.push({
        id,
        organization: metadata[customerMetadata.organization] ?? null,
        createdAt: new Date(created * 1000),
      }),
  );
  return listed;
}

async function listAll<T extends { id: string }>(
  asked: Asked,
  list: (after: { starting_after?: string }) => Promise<{ data: T[]; has_more: boolean }>,
  take: (item: T) => void,
): Promise<void> {
  for (let after: { starting_after?: string } = {}; ; ) {
    const page = await list(after);
    asked.calls += 1;
    asked.items += page.data.length;
    for (const item of page.data) take(item);
    const last = page.data.at(-1);
    if (!page.has_more || !last) return;
    after = { starting_after: last.id };
  }
}

/** Every kind of object in a tenant, and the cluster-wide kinds that a tenant could leave behind. */
const objectKinds = [
  ['v1', 'ResourceQuota'],
  ['v1', 'LimitRange'],
  ['v1', 'ServiceAccount'],
  ['v1', 'Service'],
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'Secret'],
  ['v1', 'ConfigMap'],
  ['v1', 'PersistentVolume'],
  ['networking.k8s.io/v1', 'NetworkPolicy'],
  ['rbac.authorization.k8s.io/v1', 'Role'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
  ['rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'],
  ['apps/v1', 'Deployment'],
  ['autoscaling/v2', 'HorizontalPodAutoscaler'],
  ['policy/v1', 'PodDisruptionBudget'],
] as const;

const labels = { managedBy: 'app.kubernetes.io/managed-by=tenantry', tenant: 'tenantry.dev/tenant' };

/** Every namespace with a tenant's label. */
export async function listNamespaces(cluster: KubernetesClient, asked: Asked): Promise<LiveNamespace[]> {
  const listed: LiveNamespace[] = [];
  for await (const { name, label, createdAt, deletedAt } of listLabelled(
    cluster,
    '/api/v1/namespaces',
    asked,
  )) {
    listed.push({
      name,
      tenantId: label('tenantry.dev/tenant') ?? '',
      plan: label('tenantry.dev/plan') ?? null,
      createdAt,
      deletedAt,
    });
  }
  return listed;
}

/**
 * Lists every other object with a tenant's label.
 * @param ofServices labels of services' own objects, which are compared separately
 */
export async function listObjects(
  cluster: KubernetesClient,
  asked: Asked,
  ofServices: readonly string[],
): Promise<LiveObject[]> {
  const discovery = new Discovery(cluster);
  const listed: LiveObject[] = [];
  for (const [apiVersion, kind] of objectKinds) {
    const resource = await discovery.find({ apiVersion, kind });
    if (!resource) continue;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    try {
      for await (const { name, namespace, label, deletedAt } of listLabelled(
        cluster,
        `${root}/${resource.plural}`,
        asked,
        ofServices.map((label) => `!${label}`),
      ))
        listed.push({ kind, namespace, name, tenantId: label(labels.tenant) ?? '', deletedAt });
    } catch (error) {
      // An older installation lacks this right. Tenants make nothing cluster-wide, so nothing is missed.
      if (resource.namespaced || !isStatus(error, 403)) throw error;
    }
  }
  return listed;
}

interface Labelled {
  readonly name: string;
  readonly namespace: string | null;
  readonly uid: string;
  readonly label: (name: string) => string | undefined;
  readonly createdAt: Date | null;
  readonly deletedAt: Date | null;
}

/** Metadata only: a tenth of the size, and the contents of Secrets are not needed here. */
const metadataOnly = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** @param selectors further conditions on labels, such as `example.com/sandbox` or `!example.com/sandbox` */
export async function* listLabelled(
  cluster: KubernetesClient,
  path: string,
  asked: Asked,
  selectors: readonly string[] = [],
): AsyncGenerator<Labelled, void> {
  for (let next = ''; ; ) {
    const page = await cluster.send({
      method: 'GET',
      path,
      accept: metadataOnly,
      query: {
        labelSelector: [labels.managedBy, labels.tenant, ...selectors].join(','),
        limit: String(clusterPage),
        ...(next && { continue: next }),
      },
    });
    const items = (page.items ?? []) as readonly JsonObject[];
    asked.calls += 1;
    asked.items += items.length;
    for (const { metadata } of items) yield labelled(metadata as JsonObject);
    next = textOf((page.metadata as JsonObject | undefined)?.continue) ?? '';
    if (next === '') return;
  }
}

function labelled(metadata: JsonObject): Labelled {
  const given = (metadata.labels ?? {}) as JsonObject;
  return {
    name: textOf(metadata.name) ?? '',
    namespace: textOf(metadata.namespace) ?? null,
    uid: textOf(metadata.uid) ?? '',
    label: (name) => textOf(given[name]),
    createdAt: timeOf(metadata.creationTimestamp),
    deletedAt: timeOf(metadata.deletionTimestamp),
  };
}

function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function timeOf(value: Json | undefined): Date | null {
  return typeof value === 'string' ? new Date(value) : null;
}

/**
 * Lists every schema, role and database with a tenant's name. Roles belong to the whole server; a role whose rights are all
 * in other databases belongs to another installation on the same server.
 */
export async function listDatabaseObjects(
  server: { readonly name: string | null; readonly database: Queryable },
  asked: Asked,
): Promise<DatabaseObject[]> {
  const { rows } = await server.database.query<Omit<DatabaseObject, 'server'>>(
    `select 'schema' as kind, nspname as name, substr(nspname, 8, 8) as "tenantId" from pg_namespace
       where nspname ~ '^tenant_[a-z][a-z0-9]{7}$'
     union all
     select 'role', rolname, substr(rolname, 8, 8) from pg_roles r
       where rolname ~ '^tenant_[a-z][a-z0-9]{7}(_app)?$'
         and not exists (select from pg_shdepend d join pg_database other on other.oid = d.dbid
           where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid
             and other.datname not in (current_database(), regexp_replace(r.rolname, '_app$', ''))
             and not exists (select from pg_shdepend here join pg_database mine on mine.oid = here.dbid
               where here.refclassid = 'pg_authid'::regclass and here.refobjid = r.oid
                 and mine.datname in (current_database(), regexp_replace(r.rolname, '_app$', ''))))
     union all
     select 'database', datname, substr(datname, 8, 8) from pg_database
       where datname ~ '^tenant_[a-z][a-z0-9]{7}$'`,
  );
  asked.calls += 1;
  asked.items += rows.length;
  return rows.map((row) => ({ ...row, server: server.name }));
}
