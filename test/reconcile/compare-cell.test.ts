import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Running } from '../../automation/health/index.ts';
import { type CellTenant, type CellWorld, compareCell } from '../../automation/reconcile/compare-cell.ts';
import { kinds } from '../../automation/reconcile/kinds.ts';
import { type Customer, cellWorld, customers, longAgo, now, paying, tenantIdOf } from './worlds.ts';

type Change = (world: CellWorld) => CellWorld;

const tenant = tenantIdOf(0);
const namespace = `customer-${tenant}`;
const name = `tenant_${tenant}`;

const changeTenant =
  (change: Partial<CellTenant>): Change =>
  (world) => ({
    ...world,
    tenants: world.tenants.map((one) => (one.id === tenant ? { ...one, ...change } : one)),
  });
const addNamespace =
  (added: Partial<CellWorld['namespaces'][number]>): Change =>
  (world) => ({
    ...world,
    namespaces: [
      ...world.namespaces,
      { name: 'x', tenantId: 'nobody01', plan: 'byoc', createdAt: longAgo, deletedAt: null, ...added },
    ],
  });
const addObject =
  (added: Partial<CellWorld['objects'][number]>): Change =>
  (world) => ({
    ...world,
    objects: [
      ...world.objects,
      { kind: 'Secret', namespace: 'x', name: 'left', tenantId: 'nobody01', deletedAt: null, ...added },
    ],
  });
const addDatabaseObject =
  (added: Partial<CellWorld['databaseObjects'][number]>): Change =>
  (world) => ({
    ...world,
    databaseObjects: [
      ...world.databaseObjects,
      { kind: 'schema', name: 'tenant_nobody01', server: null, tenantId: 'nobody01', ...added },
    ],
  });
const without =
  <Key extends 'namespaces' | 'objects' | 'databaseObjects'>(
    key: Key,
    isIt: (one: CellWorld[Key][number]) => boolean,
  ): Change =>
  (world) => ({ ...world, [key]: (world[key] as CellWorld[Key][number][]).filter((one) => !isIt(one)) });

const changeRunning =
  (change: Partial<Running>): Change =>
  (world) => {
    const running = world.running?.get(tenant);
    if (!running) throw new Error('nothing runs of the tenant');
    return { ...world, running: new Map(world.running).set(tenant, { ...running, ...change }) };
  };
const crashed = { state: 'crash', ready: 0, sizes: [], message: 'It crashes.' } as const;
const minutesAgo = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

const unsettled = { settled: false, updatedAt: longAgo };

/** What is changed in a world that agrees, whose customer 0 stands like this, and the one finding that follows. */
const mutations: readonly [string, Customer['standing'], Change, string][] = [
  [
    'a tenant failed for good',
    'paying',
    changeTenant({ ...unsettled, permanent: true }),
    `tenant-stuck:${tenant}`,
  ],
  [
    'a tenant fails again and again',
    'paying',
    changeTenant({ ...unsettled, attempts: 4 }),
    `tenant-stuck:${tenant}`,
  ],
  ['a slot fails', 'slot', changeTenant({ ...unsettled, permanent: true }), `slot-stuck:${tenant}`],
  [
    'the worker of its operation is gone',
    'paying',
    changeTenant({ settled: false, updatedAt: now, interrupted: true }),
    `tenant-stalled:${tenant}`,
  ],
  [
    'none of its pods is ready',
    'paying',
    changeRunning({ ...crashed, notRunningSince: minutesAgo(2) }),
    `not-running:${tenant}`,
  ],
  [
    'one of its pods is not ready for long',
    'paying',
    changeRunning({ ...crashed, ready: 1, wanted: 2, notRunningSince: minutesAgo(6) }),
    `not-running:${tenant}`,
  ],
  [
    'its pods are larger than its plan',
    'paying',
    changeRunning({ sizes: [{ cpuMillis: 64_000, memoryBytes: 2 ** 40, pods: 1 }] }),
    `runs-otherwise:${tenant}`,
  ],
  [
    'more pods are wanted than its plan has',
    'paying',
    changeRunning({ wanted: 500, ready: 500 }),
    `runs-otherwise:${tenant}`,
  ],
  [
    'a suspended tenant has pods',
    'unpaid',
    changeRunning({ wanted: 1, ready: 1, state: 'running' }),
    `runs-otherwise:${tenant}`,
  ],
  ['nobody works on a tenant', 'paying', changeTenant(unsettled), `tenant-stalled:${tenant}`],
  [
    'no slots of the product are kept',
    'slot',
    (world) => ({ ...world, slotProducts: new Set() }),
    `slot-of-nobody:${tenant}`,
  ],
  [
    'the namespace is not there',
    'paying',
    without('namespaces', (one) => one.name === namespace),
    `namespace-missing:${tenant}`,
  ],
  [
    'the namespace and all in it is not there',
    'ended',
    (world) =>
      without(
        'objects',
        (one) => one.namespace === namespace,
      )(without('namespaces', (one) => one.name === namespace)(world)),
    `namespace-missing:${tenant}`,
  ],
  [
    'the namespace is being deleted',
    'paying',
    (world) => ({
      ...world,
      namespaces: world.namespaces.map((one) => (one.name === namespace ? { ...one, deletedAt: now } : one)),
    }),
    `namespace-missing:${tenant}`,
  ],
  [
    'an object is not there',
    'paying',
    without('objects', (one) => one.namespace === namespace && one.kind === 'NetworkPolicy'),
    `object-missing:${tenant}`,
  ],
  [
    'the namespace says another plan',
    'paying',
    (world) => ({
      ...world,
      namespaces: world.namespaces.map((one) => (one.name === namespace ? { ...one, plan: 'starter' } : one)),
    }),
    `wrong-plan-in-cluster:${tenant}`,
  ],
  [
    'the schema is not there',
    'paying',
    without('databaseObjects', (one) => one.kind === 'schema' && one.name === name),
    `database-missing:${tenant}`,
  ],
  [
    'the role is not there',
    'out of credits',
    without('databaseObjects', (one) => one.kind === 'role' && one.name === name),
    `database-missing:${tenant}`,
  ],
  [
    'a holder left its lease',
    'paying',
    (world) => ({ ...world, leases: [{ tenantId: tenant, expiredAt: longAgo }] }),
    `lease-left:${tenant}`,
  ],
  [
    'a lease of a deleted tenant is left',
    'gone',
    (world) => ({ ...world, leases: [{ tenantId: tenant, expiredAt: longAgo }] }),
    `lease-left:${tenant}`,
  ],
  [
    'the stack has no state',
    'paying',
    (world) => ({ ...world, stacks: new Set([...(world.stacks ?? [])].filter((id) => id !== tenant)) }),
    `stack-missing:${tenant}`,
  ],
  [
    'a stack that is kept has no state',
    'paying',
    (world) => ({ ...world, reserved: new Set(['kept0001', 'kept0002']) }),
    'reservation-without-stack:kept0002',
  ],
  [
    'a stack is of nobody',
    'paying',
    (world) => ({ ...world, stacks: new Set([...(world.stacks ?? []), 'nobody01']) }),
    'stack-of-nobody:nobody01',
  ],
  ['a namespace is of nobody', 'paying', addNamespace({}), 'namespace-of-nobody:x'],
  [
    'a namespace of nobody holds objects',
    'paying',
    (world) => addObject({})(addNamespace({})(world)),
    'namespace-of-nobody:x',
  ],
  [
    'a namespace of nobody does not get deleted',
    'paying',
    addNamespace({ deletedAt: longAgo }),
    'namespace-of-nobody:x',
  ],
  [
    'another namespace says to be of the tenant',
    'paying',
    addNamespace({ name: 'y', tenantId: tenant }),
    'object-of-nobody:y',
  ],
  [
    'an object of nobody is in a namespace that is not ours',
    'paying',
    addObject({}),
    'object-of-nobody:Secret/left in x',
  ],
  [
    'an object of the whole cluster is of nobody',
    'paying',
    addObject({ kind: 'ClusterRole', namespace: null }),
    'object-of-nobody:ClusterRole/left in the cluster',
  ],
  [
    'an object in the tenant’s namespace is not of its stack',
    'paying',
    addObject({ namespace, tenantId: tenant }),
    `object-of-nobody:Secret/left in ${namespace}`,
  ],
  [
    'an object of the tenant is in another namespace',
    'paying',
    addObject({ namespace: 'default', tenantId: tenant }),
    'object-of-nobody:Secret/left in default',
  ],
  [
    'an object of a service has no row that wants it',
    'paying',
    (world) => ({
      ...world,
      leftObjects: [
        {
          product: 'agents',
          apiVersion: 'v1',
          kind: 'Pod',
          label: 'tenantry.dev/sandbox',
          id: 'sandbox1',
          namespace,
          name: 'left',
          uid: 'uid',
          tenantId: tenant,
          createdAt: longAgo,
        },
      ],
    }),
    `object-left:Pod/left in ${namespace}`,
  ],
  ['a schema is of nobody', 'paying', addDatabaseObject({}), 'schema-of-nobody:tenant_nobody01'],
  ['a role is of nobody', 'paying', addDatabaseObject({ kind: 'role' }), 'role-of-nobody:tenant_nobody01'],
  [
    'a database is of nobody',
    'paying',
    addDatabaseObject({ kind: 'database' }),
    'database-of-nobody:tenant_nobody01',
  ],
  [
    'the tenant has a database that it does not use',
    'paying',
    addDatabaseObject({ kind: 'database', name, tenantId: tenant }),
    `database-of-nobody:${name}`,
  ],
  [
    'the same schema is on a server of its own',
    'paying',
    addDatabaseObject({ name, tenantId: tenant, server: 'big' }),
    `schema-of-nobody:${name} on big`,
  ],
];

const keysOf = (world: CellWorld) => compareCell(world).map(({ key }) => key);
const worldOf = (standing: Customer['standing'], others: readonly Customer[] = []) =>
  cellWorld([paying(0, { standing }), ...others.map((one) => ({ ...one, index: one.index + 1 }))]);

describe('rows, stacks, cluster and databases', () => {
  test('agree in every world that follows from what customers did', () => {
    fc.assert(fc.property(customers(40), (all) => void expect(keysOf(cellWorld(all))).toEqual([])));
  });

  test.each(mutations)('%s (%s): exactly one finding', (_what, standing, change, key) => {
    fc.assert(
      fc.property(customers(), (others) => {
        const withoutSlots = key.startsWith('slot-of')
          ? others.filter((one) => one.standing !== 'slot')
          : others;
        expect(keysOf(change(worldOf(standing, withoutSlots)))).toEqual([key]);
      }),
      { numRuns: 20 },
    );
  });

  test('every kind of finding about a cell has a change that leads to it', () => {
    const covered = new Set(mutations.map(([, , , key]) => key.split(':')[0]));
    const all = Object.entries(kinds).flatMap(([kind, { area }]) => (area === 'cell' ? [kind] : []));
    expect(all.filter((kind) => !covered.has(kind))).toEqual([]);
  });

  test.each(mutations)('%s (%s): no finding while somebody is at it', (_what, standing, change) => {
    const busy = new Set([tenant, 'nobody01', 'kept0002']);
    expect(keysOf({ ...change(worldOf(standing)), busy })).toEqual([]);
  });

  test('what an operation is changing is not compared with the cluster', () => {
    const world = changeTenant({ settled: false, updatedAt: now })(worldOf('paying'));
    expect(keysOf({ ...world, namespaces: [], objects: [], databaseObjects: [] })).toEqual([]);
  });

  test.each<[string, Change]>([
    [
      'a tenant that starts is given its time',
      changeRunning({ ...crashed, notRunningSince: minutesAgo(0.5) }),
    ],
    [
      'a further pod that starts is given longer',
      changeRunning({
        ...crashed,
        ready: 1,
        wanted: 2,
        notRunningSince: minutesAgo(2),
        changedAt: minutesAgo(2),
      }),
    ],
    [
      'pods may be replaced for a while',
      changeRunning({
        sizes: [{ cpuMillis: 1, memoryBytes: 1, pods: 1 }],
        changedAt: minutesAgo(2),
      }),
    ],
    [
      'what was seen before is not told once nobody watches',
      (world) => ({
        ...changeRunning({ ...crashed, notRunningSince: longAgo })(world),
        running: null,
      }),
    ],
  ])('%s', (_what, change) => {
    expect(keysOf(change(worldOf('paying')))).toEqual([]);
  });

  test('what does not run is told with its reason and its age', () => {
    const since = minutesAgo(9);
    const world = changeRunning({ ...crashed, notRunningSince: since })(worldOf('paying'));
    expect(compareCell(world)).toMatchObject([
      { cause: expect.stringMatching(/^0 of \d+ pods ready \(crash\): It crashes\.$/), since },
    ]);
  });

  test('a tenant that waits for its next try is left to it', () => {
    const later = new Date(now.getTime() + 1000);
    expect(keysOf(changeTenant({ ...unsettled, attempts: 2, nextTryAt: later })(worldOf('paying')))).toEqual(
      [],
    );
  });

  test('a namespace that has just begun to go is not of nobody', () => {
    expect(keysOf(addNamespace({ deletedAt: now })(worldOf('paying')))).toEqual([]);
  });
});
