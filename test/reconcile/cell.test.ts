import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newTenantId } from '../../automation/desired/tenant-id.ts';
import type { ApiRequest, KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { cellArea } from '../../automation/reconcile/context.ts';
import { approveFinding } from '../../automation/reconcile/decide.ts';
import { listOpenFindings } from '../../automation/reconcile/findings.ts';
import { lookAt } from '../../automation/reconcile/look.ts';
import { readCellWorld } from '../../automation/reconcile/read-world.ts';
import { removeLeftObject } from '../../automation/reconcile/service-objects.ts';
import { type Database, openDatabase, type Queryable } from '../../automation/store/database.ts';
import { addReservedStacks } from '../../automation/store/stacks.ts';
import { findTenant, type Tenant } from '../../automation/store/tenants.ts';
import { type FreshDatabase, freshDatabase } from '../support/database.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { activeColumns, addTenant } from '../support/tenant-rows.ts';
import { type TestContext, testContext } from './context.ts';

/** A real cluster and a real server of tenants' databases, shared with other tests: only what is ours is looked for. */

const area = cellArea('local');
const nobody = newTenantId();
const orphan = `customer-${nobody}`;
let account: Account;
let context: TestContext;
let fresh: FreshDatabase;
let tenantDatabase: Database;
let tenant: Tenant;

beforeAll(async () => {
  account = await startAccount();
  fresh = await freshDatabase();
  tenantDatabase = openDatabase(fresh.url, { maxConnections: 2 });
  context = testContext(account, { servers: [{ name: null, database: tenantDatabase }] });
  tenant = await addTenant(account.database, { product: 'browsers', plan: 'professional' });
  for (const [column, value] of Object.entries(activeColumns(tenant.namespace)))
    await account.database.query(`update tenantry.tenant set ${column} = $2 where id = $1`, [
      tenant.id,
      column === 'outputs' ? JSON.stringify(value) : value,
    ]);
  context.standing.add(tenant.id);
  await makeNamespace(tenant.namespace, tenant.id);
});
afterAll(async () => {
  for (const name of [tenant.namespace, orphan])
    await context.cluster.send({ method: 'DELETE', path: `/api/v1/namespaces/${name}` }).catch(() => {});
  await tenantDatabase?.query(`drop role if exists tenant_${nobody}`);
  context?.close();
  await tenantDatabase?.close();
  await fresh?.drop();
  await account?.stop();
});

async function makeNamespace(name: string, tenantId: string): Promise<void> {
  const labels = {
    'app.kubernetes.io/managed-by': 'tenantry',
    'tenantry.dev/tenant': tenantId,
    'tenantry.dev/plan': 'professional',
  };
  await context.cluster.send({
    method: 'PATCH',
    path: `/api/v1/namespaces/${name}`,
    query: { fieldManager: randomBytes(4).toString('hex') },
    contentType: 'application/apply-patch+yaml',
    body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } },
  });
}

/** Looks twice; answers what is found of our own. */
async function found(): Promise<string[]> {
  await lookAt(context, area, { heals: true });
  await lookAt(context, area, { heals: true });
  return (await listOpenFindings(account.database, area))
    .filter(({ subject, cause }) =>
      `${subject} ${cause}`.match(new RegExp(`${nobody}|${tenant.id}|kept0001`)),
    )
    .map(({ key, state }) => `${state} ${key}`)
    .sort();
}

const idOf = async (key: string) =>
  (await listOpenFindings(account.database, area)).find((finding) => finding.key === key)?.id ?? 0;

describe('a cell', () => {
  test('in which the tenant stands as it should has no finding', async () => {
    expect(await found()).toEqual([]);
  });

  test('shows what is left of a tenant that nobody knows, of every kind', async () => {
    await makeNamespace(orphan, nobody);
    await tenantDatabase.query(`create role tenant_${nobody}`);
    await tenantDatabase.query(`create schema tenant_${nobody}`);
    context.standing.add(nobody);
    expect(await found()).toEqual([
      `waiting namespace-of-nobody:${orphan}`,
      `waiting role-of-nobody:tenant_${nobody}`,
      `waiting schema-of-nobody:tenant_${nobody}`,
      `waiting stack-of-nobody:${nobody}`,
    ]);
  });

  test('gives what is left an owner that is to be deleted, once an operator approves', async () => {
    const { database, stripe, now } = account;
    const deciding = { database, stripe, followers: [], now, policy: { retentionMs: 0 } };
    const decision = { id: await idOf(`namespace-of-nobody:${orphan}`), by: 'ops', note: null };
    expect(await approveFinding(deciding, decision)).toMatchObject({ outcome: 'done' });
    expect(await findTenant(database, nobody)).toMatchObject({
      phase: 'deleting',
      desiredState: 'deleted',
      unsettled: true,
      namespace: orphan,
      desiredSpec: { state: 'suspended', dataIsolation: 'schema', product: 'browsers' },
    });
    // Its end has a journal like that of every tenant.
    const journals = await database.query('select 1 from tenantry.offboarding where tenant_id = $1', [
      nobody,
    ]);
    expect(journals.rowCount).toBe(1);
    const { rows } = await database.query('select 1 from graphile_worker.jobs where key = $1', [
      `converge-tenant:${nobody}`,
    ]);
    expect(rows).toHaveLength(1);
    // It is somebody's now, and the rest goes with it.
    expect(await found()).toEqual([]);
  });

  test('deletes nothing when a tenant of that id stands by now', async () => {
    const { database, stripe, now } = account;
    const late = newTenantId();
    context.standing.add(late);
    await found();
    const id = await idOf(`stack-of-nobody:${late}`);
    await addTenant(database, { id: late });
    const deciding = { database, stripe, followers: [], now, policy: { retentionMs: 0 } };
    expect(await approveFinding(deciding, { id, by: 'ops', note: null })).toMatchObject({
      outcome: 'changed',
    });
    expect(await findTenant(database, late)).toMatchObject({ desiredState: 'active', phase: 'pending' });
  });

  test('has a tenant made again whose namespace is gone, and one told to operators whose stack is', async () => {
    await context.cluster.send({ method: 'DELETE', path: `/api/v1/namespaces/${tenant.namespace}` });
    context.standing.delete(tenant.id);
    expect(await found()).toEqual([
      `healing namespace-missing:${tenant.id}`,
      `waiting stack-missing:${tenant.id}`,
    ]);
    // Whatever is remembered of it counts for nothing: the next look runs an engine.
    expect(await findTenant(account.database, tenant.id)).toMatchObject({ fingerprint: {} });
    const { database, stripe, now } = account;
    const decision = { id: await idOf(`stack-missing:${tenant.id}`), by: 'ops', note: null };
    await approveFinding({ database, stripe, followers: [], now, policy: { retentionMs: 0 } }, decision);
    expect(await findTenant(database, tenant.id)).toMatchObject({ unsettled: true, desiredGeneration: 2 });
  });

  test('loses the objects of a service that no row of its wants, and no others', async () => {
    const { database } = account;
    await database.query('create table sandbox (id text primary key)');
    await database.query(`insert into sandbox values ('kept')`);
    const sandboxes = {
      product: 'browsers',
      apiVersion: 'v1',
      kind: 'ConfigMap',
      label: 'tenantry.dev/test-sandbox',
      wanted: async (db: Queryable, ids: readonly string[]) => {
        const { rows } = await db.query<{ id: string }>('select id from sandbox where id = any($1)', [ids]);
        return new Set(rows.map(({ id }) => id));
      },
    };
    const path = '/api/v1/namespaces/default/configmaps';
    const make = (id: string) =>
      context.cluster.send({
        method: 'PATCH',
        path: `${path}/${tenant.id}-${id}`,
        query: { fieldManager: 'test' },
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {
            name: `${tenant.id}-${id}`,
            labels: {
              'app.kubernetes.io/managed-by': 'tenantry',
              'tenantry.dev/tenant': tenant.id,
              'tenantry.dev/test-sandbox': id,
            },
          },
        },
      });
    const standing = async () => {
      const { items } = await context.cluster.send({
        method: 'GET',
        path,
        query: { labelSelector: `tenantry.dev/tenant=${tenant.id}` },
      });
      return (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
    };
    const withSandboxes = { ...context, objects: [sandboxes] };
    try {
      await make('kept');
      await make('left');
      const within = { ...withSandboxes, policy: { ...context.policy, graceMs: 60_000 } };
      expect((await readCellWorld(within, {})).leftObjects.map(({ id }) => id)).toEqual(['left']);
      const ofAnother = {
        ...within,
        objects: [{ ...sandboxes, product: 'agents', wanted: async () => new Set<string>() }],
      };
      expect((await readCellWorld(ofAnother, {})).leftObjects).toEqual([]);
      await lookAt(within, area, { heals: true });
      await lookAt(within, area, { heals: true });
      expect(await standing()).toEqual([`${tenant.id}-kept`, `${tenant.id}-left`]);

      await lookAt(withSandboxes, area, { heals: true });
      const keys = (await listOpenFindings(database, area)).map(({ key }) => key);
      expect(keys).toContain(`object-left:ConfigMap/${tenant.id}-left in default`);
      expect(keys.filter((key) => key.startsWith('object-of-nobody') && key.includes(tenant.id))).toEqual([]);
      await lookAt(withSandboxes, area, { heals: true });
      expect(await standing()).toEqual([`${tenant.id}-kept`]);
    } finally {
      for (const id of ['kept', 'left'])
        await context.cluster.send({ method: 'DELETE', path: `${path}/${tenant.id}-${id}` }).catch(() => {});
    }
  });

  test('removes no object that was made again, or is wanted by now', async () => {
    const removed: unknown[] = [];
    const cluster = {
      send: async (request: ApiRequest) => {
        if (request.method === 'DELETE') removed.push(request.body);
        return { resources: [{ name: 'configmaps', kind: 'ConfigMap', namespaced: true }] };
      },
    } as unknown as KubernetesClient;
    const object = { apiVersion: 'v1', kind: 'ConfigMap', label: 'example.com/sandbox', product: 'browsers' };
    const data = { ...object, id: 'a', namespace: 'x', name: 'y', uid: 'seen' };
    const remove = (wanted: readonly string[]) =>
      removeLeftObject(
        { ...account, cluster, objects: [{ ...object, wanted: async () => new Set(wanted) }] },
        { data },
      );
    await remove(['a']);
    expect(removed).toEqual([]);
    await remove([]);
    expect(removed).toEqual([{ apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'seen' } }]);
  });

  test('gives up a stack that was kept and has no state', async () => {
    await addReservedStacks(account.database, 'local', { kept0001: {} });
    await account.database.query(
      `update tenantry.reserved_stack set created_at = now() - interval '1 hour' where tenant_id = 'kept0001'`,
    );
    expect(await found()).toEqual([`healing reservation-without-stack:kept0001`]);
    expect(await found()).toEqual([]);
  });
});
