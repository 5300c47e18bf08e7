import { run } from 'graphile-worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SubscriptionState } from '../../automation/followers.ts';
import { readToldOfMonth } from '../../automation/metering/usage-events.ts';
import type { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import {
  followersOf,
  ringServiceTask,
  type Service,
  type ServiceTask,
  type ServiceUse,
  serviceTask,
} from '../../automation/service.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { servicesWork } from '../../automation/worker/services.ts';
import { sweep } from '../../automation/worker/sweep.ts';
import { findProduct, type Product } from '../../tenants/catalog/index.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

/** What a worker does with a service, which it knows by the contract alone. */

const product = { ...findProduct('agents'), id: 'lectures' } as unknown as Product;
let control: ControlDatabase;
let heard: string[] = [];
const service: Service = {
  product,
  tasks: {
    greet: serviceTask(z.strictObject({ name: z.string() }), async ({ name }, { cell }) => {
      heard.push(`${name} in ${cell.id}`);
    }),
  },
  sweep: {
    greetAll: async ({ database }) => {
      const { rows } = await database.query<{ name: string }>(`select 'everybody' as name`);
      heard.push(...rows.map(({ name }) => name));
    },
    fail: async () => {
      throw new Error('nobody is there');
    },
  },
};

beforeAll(async () => {
  control = await controlDatabase();
});
afterAll(() => control?.drop());

function contexts() {
  const context = jobContext({ database: control.database, stripe: undefined as never });
  return { context, ofServices: { ...context, cluster: {} as KubernetesClient } };
}

describe('a service in a worker', () => {
  test('has its tasks run in the cell they were rung in, those of one key once', async () => {
    heard = [];
    const ring = (cell: string, name: string, key?: string) =>
      ringServiceTask(
        control.database,
        { product, task: 'greet', cell },
        { name },
        key === undefined ? {} : { key },
      );
    await ring('elsewhere', 'Eve');
    await ring('local', 'Ada', 'ada');
    await ring('local', 'Ada again', 'ada');
    await ring('local', 'Bob');
    const queue = await run({
      pgPool: control.database.pool,
      taskList: servicesWork([service], contexts().ofServices).tasks?.products ?? {},
      noHandleSignals: true,
    });
    await until(async () => heard.length === 2, { what: 'two greetings' });
    await queue.stop();
    expect(heard.sort()).toEqual(['Ada again in local', 'Bob in local']);
  });

  test('rings inside of the caller’s transaction', async () => {
    const ringing = control.database.transaction(async (client) => {
      await ringServiceTask(client, { product, task: 'greet', cell: 'local' }, { name: 'Nobody' });
      throw new Error('rolled back');
    });
    await expect(ringing).rejects.toThrow('rolled back');
    const { rowCount } = await control.database.query(
      `select from graphile_worker.jobs where task_identifier = 'service:lectures:greet:local'`,
    );
    expect(rowCount).toBe(0);
  });

  test('has its payloads parsed before the handler sees them', async () => {
    const tasks = servicesWork([service], contexts().ofServices).tasks?.products ?? {};
    const greet = tasks['service:lectures:greet:local'];
    await expect(async () => greet?.({ nam: 'Ada' }, undefined as never)).rejects.toThrow(/name/);
  });

  test.each([
    ['made by the helper', serviceTask],
    ['a plain object', (payload: z.ZodType, run: ServiceTask['run']): ServiceTask => ({ payload, run })],
  ])('has its payloads parsed once where its task is %s', async (_how, made) => {
    const seen: unknown[] = [];
    const count = made(z.strictObject({ pages: z.string().transform(Number) }), async (payload) => {
      seen.push(payload);
    });
    const { tasks } = servicesWork([{ product, tasks: { count } }], contexts().ofServices);
    const run = tasks?.products?.['service:lectures:count:local'];
    await run?.({ pages: '7' }, undefined as never);
    expect(seen).toEqual([{ pages: 7 }]);
    await expect(async () => run?.({ pages: 7 }, undefined as never)).rejects.toThrow(/pages/);
    expect(seen).toHaveLength(1);
  });

  test('tells its use, each once by its id, and says what of it cannot count', async () => {
    const { context, ofServices } = contexts();
    const agents = findProduct('agents');
    if (!agents) throw new Error('there is no such product');
    const { id: tenantId } = await addTenant(control.database, { product: 'agents', plan: 'pro' });
    const at = new Date();
    const told = [
      { tenantId, id: 'a', meter: 'agents_requests', at, quantity: '2' },
      { tenantId, id: 'b', meter: 'agents_requests', at, quantity: '1.5' },
    ];
    const telling: Service = { product: agents, usage: () => told };
    expect(await sweep(context, 'cell', [servicesWork([telling], ofServices)])).toEqual([]);
    expect(await sweep(context, 'cell', [servicesWork([telling], ofServices)])).toEqual([]);
    const counted = await readToldOfMonth(control.database, tenantId, `${at.toISOString().slice(0, 7)}-01`);
    expect(counted.get('agents_requests')).toBe(3_500_000);

    const wrong: Service = {
      product: agents,
      usage: () => [{ tenantId, id: 'c', meter: 'browsers_sessions', at, quantity: '1' }],
    };
    const step = servicesWork([wrong], ofServices).sweep?.cell?.['agents.usage'];
    await expect(step?.()).rejects.toThrow(`use c of tenant ${tenantId}: dimension is none that is told`);
  });

  test('has all of its use counted that can count, and what cannot named at once', async () => {
    const { context, ofServices } = contexts();
    const { database } = control;
    const agents = findProduct('agents') as Product;
    const { id: tenantId } = await addTenant(database, { product: 'agents', plan: 'pro' });
    const { id: stranger } = await addTenant(database, { product: 'workspace', plan: 'byoc' });
    const at = new Date();
    const good = (id: string, quantity = '1') => ({ tenantId, id, meter: 'agents_requests', at, quantity });
    const bad = [
      { ...good('sampled'), meter: 'browsers_sessions' },
      { ...good('stranger'), tenantId: stranger },
      { ...good('nobody'), tenantId: 'nobody00' },
      { ...good('timeless'), at: new Date(Number.NaN) },
      { ...good('endless'), quantity: 'much' },
      good('first', '2'),
      undefined as unknown as ServiceUse,
    ];
    const telling: Service = {
      product: agents,
      usage: () => [good('first'), ...bad, good('last', '0.5')],
    };
    const work = servicesWork([telling], ofServices);
    expect(await sweep(context, 'cell', [work])).toEqual(['agents.usage']);
    const counted = async (of: string) =>
      (await readToldOfMonth(database, of, `${at.toISOString().slice(0, 7)}-01`)).get('agents_requests');
    expect(await counted(tenantId)).toBe(1_500_000);
    expect(await counted(stranger)).toBeUndefined();
    const problem = await Promise.resolve(work.sweep?.cell?.['agents.usage']?.()).catch(String);
    for (const name of [
      `use sampled of tenant ${tenantId}: dimension`,
      `use stranger of tenant ${stranger}: there is no such tenant of agents`,
      'use nobody of tenant nobody00: there is no such tenant of agents',
      "id: 'timeless'",
      `use endless of tenant ${tenantId}: quantity`,
      `use first of tenant ${tenantId}: id was told before`,
      'use undefined',
    ])
      expect(problem).toContain(name);
    expect(await counted(tenantId)).toBe(1_500_000);
  });

  test('has counted what it told before its telling failed', async () => {
    const agents = findProduct('agents') as Product;
    const { id: tenantId } = await addTenant(control.database, { product: 'agents', plan: 'pro' });
    const at = new Date();
    const { sweep: steps } = servicesWork(
      [
        {
          product: agents,
          async *usage() {
            yield { tenantId, id: 'a', meter: 'agents_requests', at, quantity: '1' };
            throw new Error('its source is gone');
          },
        },
      ],
      contexts().ofServices,
    );
    await expect(steps?.cell?.['agents.usage']?.()).rejects.toThrow('its source is gone');
    const told = await readToldOfMonth(control.database, tenantId, `${at.toISOString().slice(0, 7)}-01`);
    expect(told.get('agents_requests')).toBe(1_000_000);
  });

  test('follows its own product’s tenants and their subscriptions, in the transaction of their change', async () => {
    const seen: string[] = [];
    const [follower] = followersOf([
      {
        product,
        tenantChanged: async (client, tenant, change) => {
          const { rows } = await client.query<{ inside: boolean }>(
            `select now() < clock_timestamp() as inside`,
          );
          seen.push(`${tenant.product} ${change.kind} ${rows[0]?.inside}`);
        },
        subscriptionChanged: async (_client, tenant, { after }) => {
          seen.push(`${tenant.product} ${after.status}`);
        },
      },
    ]);
    expect(follower?.name).toBe('lectures');
    for (const of of ['agents', 'lectures'])
      await control.database.transaction(async (client) =>
        follower?.tenantChanged?.(client, { product: of } as Tenant, { kind: 'created' }, new Date()),
      );
    expect(seen.splice(0)).toEqual(['lectures created true']);
    const after = { id: 'sub_1', status: 'past_due' } as SubscriptionState;
    for (const of of ['agents', 'lectures'])
      await control.database.transaction(async (client) =>
        follower?.subscriptionChanged?.(
          client,
          { product: of } as Tenant,
          { before: null, after },
          new Date(),
        ),
      );
    expect(seen).toEqual(['lectures past_due']);
  });

  test('takes its steps in the cell’s sweep, and one that fails keeps no other from its work', async () => {
    heard = [];
    const { context, ofServices } = contexts();
    const failed = await sweep(context, 'cell', [servicesWork([service], ofServices)]);
    expect(failed).toEqual(['lectures.fail']);
    expect(heard).toEqual(['everybody']);
  });
});
