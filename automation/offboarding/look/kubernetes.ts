/** Looks for a tenant's remains in its cluster, among every kind of object that the cluster serves. */
import { z } from 'zod';
import { isStatus, type KubernetesClient, readIfThere } from '../../providers/kubernetes/index.ts';
import type { Tenant } from '../../store/tenants.ts';
import type { Sight } from './sight.ts';

const tenantLabel = 'tenantry.dev/tenant';

/** Kinds that must be readable. When another kind is not, the result only mentions it. */
const required = new Set(['v1/namespaces', 'v1/persistentvolumes']);

/** Kinds listed at once. */
const concurrency = 6;

const groupList = z.looseObject({
  groups: z.array(z.looseObject({ preferredVersion: z.looseObject({ groupVersion: z.string() }) })),
});
const resourceList = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), verbs: z.array(z.string()) })),
});
const item = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    creationTimestamp: z.string().nullish().transform(String),
    managedFields: z.array(z.looseObject({ manager: z.string().optional() })).optional(),
  }),
  spec: z
    .looseObject({ claimRef: z.looseObject({ namespace: z.string().optional() }).optional() })
    .optional(),
});
const objectList = z.looseObject({
  metadata: z.looseObject({ continue: z.string().optional() }).optional(),
  items: z.array(item).nullish(),
});

interface Kind {
  /** `v1` or `apps/v1`. */
  readonly groupVersion: string;
  readonly plural: string;
}

/**
 * Looks for the namespace, for volumes claimed from it, and for anything with the tenant's label where no other tenant can
 * write it. A namespace of this name that now belongs to another tenant, or that we have never written, is not the tenant's.
 */
export async function lookInKubernetes(
  cluster: KubernetesClient,
  tenant: Pick<Tenant, 'id' | 'namespace'>,
): Promise<Sight> {
  const kinds = await listableKinds(cluster);
  const owners = namespaceOwners(cluster);
  const remains = new Set<string>();
  const unread: string[] = [];
  const queue = [...kinds];
  const lookAtSome = async () => {
    for (let kind = queue.shift(); kind; kind = queue.shift()) {
      const seen = await lookAt(cluster, owners, kind, tenant);
      if (seen === null) unread.push(nameOf(kind));
      for (const one of seen ?? []) remains.add(one);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, lookAtSome));
  const blocked = unread.filter((name) => required.has(name));
  if (blocked.length > 0) throw new Error(`the cluster does not let us list ${blocked.join(', ')}`);
  return {
    looked: [
      `namespace ${tenant.namespace}`,
      `persistent volumes claimed from ${tenant.namespace}`,
      `objects of every kind, cluster-scoped and in all namespaces but other tenants', labelled ${tenantLabel}=${tenant.id}`,
    ],
    places: kinds.length - unread.length,
    remains: [...remains].sort(),
    notes: unread.length === 0 ? [] : [`kinds that the worker may not list: ${unread.sort().join(', ')}`],
  };
}

function nameOf({ groupVersion, plural }: Kind): string {
  return `${groupVersion}/${plural}`;
}

/** Every kind that can be listed, in the version that the cluster prefers. */
async function listableKinds(cluster: KubernetesClient): Promise<Kind[]> {
  const { groups } = groupList.parse(await cluster.send({ method: 'GET', path: '/apis' }));
  const versions = ['v1', ...groups.map(({ preferredVersion }) => preferredVersion.groupVersion)];
  const lists = await Promise.all(
    versions.map(async (groupVersion): Promise<Kind[]> => {
      const list = await cluster
        .send({ method: 'GET', path: rootOf(groupVersion) })
        .catch((error: unknown) => {
          // Gone since the listing, or an aggregated API that is down, such as metrics.
          if (isStatus(error, 404, 503)) return { resources: [] };
          throw error;
        });
      return resourceList
        .parse(list)
        .resources.filter(({ name, verbs }) => !name.includes('/') && verbs.includes('list'))
        .map(({ name }) => ({ groupVersion, plural: name }));
    }),
  );
  return lists.flat();
}

function rootOf(groupVersion: string): string {
  return groupVersion.includes('/') ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
}

/** The tenant's objects of a kind; null when we may not list it. */
async function lookAt(
  cluster: KubernetesClient,
  owners: NamespaceOwners,
  kind: Kind,
  { id, namespace }: Pick<Tenant, 'id' | 'namespace'>,
): Promise<string[] | null> {
  const path = `${rootOf(kind.groupVersion)}/${kind.plural}`;
  const name = nameOf(kind);
  // Volumes have no label of ours, as the provisioner makes them.
  const everything = name === 'v1/persistentvolumes';
  const found: string[] = [];
  try {
    const standing = await owners(namespace);
    if (
      name === 'v1/namespaces' &&
      (standing?.tenant === id || (standing?.isOurs && !isOthers(standing, id)))
    )
      found.push(`${name}/${namespace}`);
    let token = '';
    do {
      const page = objectList.parse(
        await cluster.send({
          method: 'GET',
          path,
          query: {
            limit: '500',
            ...(!everything && { labelSelector: `${tenantLabel}=${id}` }),
            ...(token !== '' && { continue: token }),
          },
        }),
      );
      for (const { metadata, spec } of page.items ?? []) {
        const labelled =
          metadata.labels?.[tenantLabel] === id &&
          (metadata.namespace === undefined || !isOthers(await owners(metadata.namespace), id));
        const claimed =
          spec?.claimRef?.namespace === namespace &&
          !(isOthers(standing, id) && metadata.creationTimestamp >= (standing?.createdAt ?? ''));
        if (labelled || claimed)
          found.push([name, metadata.namespace, metadata.name].filter(Boolean).join('/'));
      }
      token = page.metadata?.continue ?? '';
    } while (token !== '');
    return found;
  } catch (error) {
    // 405: kinds that can only be created; 404: a definition that has just gone.
    if (isStatus(error, 403)) return null;
    if (isStatus(error, 404, 405)) return found;
    throw error;
  }
}

interface NamespaceOwner {
  /** Of no tenant: undefined. */
  readonly tenant: string | undefined;
  /** Whether we have ever written it. */
  readonly isOurs: boolean;
  readonly createdAt: string;
}
/** Null where there is no such namespace. */
type NamespaceOwners = (namespace: string) => Promise<NamespaceOwner | null>;

/** Labels of namespaces, which no tenant can write. Each is read once. */
function namespaceOwners(cluster: KubernetesClient): NamespaceOwners {
  const known = new Map<string, Promise<NamespaceOwner | null>>();
  return (namespace) => {
    const owner = known.get(namespace) ?? readOwner(cluster, namespace);
    known.set(namespace, owner);
    return owner;
  };
}

async function readOwner(cluster: KubernetesClient, name: string): Promise<NamespaceOwner | null> {
  const found = await readIfThere(cluster, `/api/v1/namespaces/${name}`);
  if (!found) return null;
  const { metadata } = item.parse(found);
  return {
    tenant: metadata.labels?.[tenantLabel],
    isOurs: (metadata.managedFields ?? []).some(({ manager = '' }) =>
      manager.startsWith('pulumi-kubernetes'),
    ),
    createdAt: metadata.creationTimestamp,
  };
}

function isOthers(owner: NamespaceOwner | null, id: string): boolean {
  return owner?.tenant !== undefined && owner.tenant !== id;
}
