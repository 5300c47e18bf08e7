import { run } from 'graphile-worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { ringServiceTask, type Service, serviceTask } from '../../automation/service.ts';
import { serviceSteps, serviceTasks } from '../../automation/worker/services.ts';
import { sweep } from '../../automation/worker/sweep.ts';
import { findProduct, type Product } from '../../tenants/catalog/index.ts';
import { type ControlDatabase, controlDatabase } from '../support/database.ts';
import { jobContext } from '../support/job-context.ts';
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
      taskList: serviceTasks([service], contexts().ofServices),
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
    const tasks = serviceTasks([service], contexts().ofServices);
    const greet = tasks['service:lectures:greet:local'];
    await expect(async () => greet?.({ nam: 'Ada' }, undefined as never)).rejects.toThrow(/name/);
  });

  test('takes its steps in the cell’s sweep, and one that fails keeps no other from its work', async () => {
    heard = [];
    const { context, ofServices } = contexts();
    const failed = await sweep(context, 'cell', serviceSteps([service], ofServices));
    expect(failed).toEqual(['lectures.fail']);
    expect(heard).toEqual(['everybody']);
  });
});
