/** Finds and removes services' objects in tenants' namespaces that no row wants any more. */
import { Discovery, isStatus, objectPath } from '../providers/kubernetes/index.ts';
import type { NamespaceObjects, Service } from '../service.ts';
import type { Queryable } from '../store/database.ts';
import type { ReconcileContext } from './context.ts';
import { type Observation, observe } from './kinds.ts';
import { type Asked, listLabelled } from './sources.ts';

export interface ServiceObjects extends NamespaceObjects {
  readonly product: string;
}

export function objectsOf(services: readonly Service[]): readonly ServiceObjects[] {
  return services.flatMap(({ product, objects = [] }) =>
    objects.map((kind) => ({ ...kind, product: product.id })),
  );
}

/** A service's object that no row wants. */
export interface LeftObject {
  readonly product: string;
  readonly apiVersion: string;
  readonly kind: string;
  readonly label: string;
  /** The label's value: the object's id in the service's tables. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly tenantId: string;
  readonly createdAt: Date | null;
}

/** Lists the objects before it looks for their rows: a row that is written before its object is always seen. */
export async function listLeftObjects(
  { cluster, database, objects, cell }: Pick<ReconcileContext, 'cluster' | 'database' | 'objects' | 'cell'>,
  asked: Asked,
): Promise<LeftObject[]> {
  const discovery = new Discovery(cluster);
  const left: LeftObject[] = [];
  for (const { product, apiVersion, kind, label, wanted } of objects) {
    const resource = await discovery.find({ apiVersion, kind });
    if (!resource?.namespaced) continue;
    const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const found: LeftObject[] = [];
    for await (const item of listLabelled(cluster, `${root}/${resource.plural}`, asked, [label])) {
      const { namespace, name, uid, createdAt, deletedAt } = item;
      if (namespace === null || deletedAt !== null) continue;
      const tenantId = item.label('tenantry.dev/tenant') ?? '';
      const id = item.label(label) ?? '';
      found.push({ product, apiVersion, kind, label, id, namespace, name, uid, tenantId, createdAt });
    }
    const own = await ofProduct(database, cell.id, product, found);
    const ids = await wantedOf(database, wanted, own);
    left.push(...own.filter(({ id }) => !ids.has(id)));
  }
  return left;
}

/**
 * Keeps the objects of the product's tenants, because another product may use the same kind and label. In a tenant's
 * namespace an object is that tenant's: its labels are the tenant's to write.
 */
async function ofProduct(
  database: Queryable,
  cell: string,
  product: string,
  found: readonly LeftObject[],
): Promise<readonly LeftObject[]> {
  if (found.length === 0) return [];
  const { rows } = await database.query<{ id: string; namespace: string; product: string; stands: boolean }>(
    `select id, namespace, product, phase <> 'deleted' as stands from tenantry.tenant
     where (cell = $1 and namespace = any($2) and phase <> 'deleted') or id = any($3)`,
    [
      cell,
      [...new Set(found.map(({ namespace }) => namespace))],
      [...new Set(found.map(({ tenantId }) => tenantId))],
    ],
  );
  const labelled = new Map(rows.map((row) => [row.id, row]));
  const owners = new Map(rows.filter(({ stands }) => stands).map((row) => [row.namespace, row]));
  return found.flatMap((object) => {
    const owner = owners.get(object.namespace) ?? labelled.get(object.tenantId);
    return owner?.product === product ? [{ ...object, tenantId: owner.id }] : [];
  });
}

async function wantedOf(
  database: Queryable,
  wanted: NamespaceObjects['wanted'],
  found: readonly LeftObject[],
): Promise<ReadonlySet<string>> {
  return found.length === 0 ? new Set() : wanted(database, [...new Set(found.map(({ id }) => id))]);
}

/** Observes objects that are older than the grace period. Pure. */
export function compareServiceObjects(world: {
  readonly leftObjects: readonly LeftObject[];
  readonly busy: ReadonlySet<string>;
  readonly now: Date;
  readonly policy: { readonly graceMs: number };
}): Observation[] {
  const { leftObjects, busy, now, policy } = world;
  return leftObjects.flatMap((object) => {
    const { product, kind, namespace, name, tenantId, createdAt, ...rest } = object;
    const ageMs = createdAt === null ? 0 : now.getTime() - createdAt.getTime();
    if (busy.has(tenantId) || ageMs < policy.graceMs) return [];
    const data = { product, kind, namespace, name, ...rest };
    return [
      observe('object-left', `${kind}/${name} in ${namespace}`, `no row of ${product} wants it`, {
        tenantId: tenantId === '' ? null : tenantId,
        data,
      }),
    ];
  });
}

/** Deletes exactly the object that was seen, unless its product wants it by now. */
export async function removeLeftObject(
  { cluster, database, objects }: Pick<ReconcileContext, 'cluster' | 'database' | 'objects'>,
  { data }: Pick<Observation, 'data'>,
): Promise<void> {
  const text = (key: string) => String(data[key] ?? '');
  const [apiVersion, kind, label, id] = [text('apiVersion'), text('kind'), text('label'), text('id')];
  const declared = objects.find(
    (known) =>
      known.product === data.product &&
      known.apiVersion === apiVersion &&
      known.kind === kind &&
      known.label === label,
  );
  if (!declared || (await declared.wanted(database, [id])).has(id)) return;
  const resource = await new Discovery(cluster).resource({ apiVersion, kind });
  try {
    await cluster.send({
      method: 'DELETE',
      path: objectPath({ apiVersion, kind }, resource, text('namespace'), text('name')),
      body: { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: text('uid') } },
    });
  } catch (error) {
    // It is gone, or another object has its name.
    if (!isStatus(error, 404, 409)) throw error;
  }
}
