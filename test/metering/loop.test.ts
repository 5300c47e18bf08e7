import pino from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { meterRegularly } from '../../automation/metering/metering.ts';
import type { MeteringMetrics } from '../../automation/metering/metrics.ts';
import { startOfDay } from '../../automation/metering/time.ts';
import { listMeteredTenants } from '../../automation/metering/usage.ts';
import { listHours, listSamples } from '../../automation/metering/usage-statement.ts';
import { defaultPolicy } from '../../automation/policy.ts';
import type { ApiRequest, JsonObject } from '../../automation/providers/kubernetes/client.ts';
import { type Account, startAccount } from '../support/stripe.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { until } from '../support/wait.ts';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account?.stop());

test('of several workers one samples, and the next one goes on when it is stopped', async () => {
  const { database, stripe } = account;
  const { id, namespace } = await addTenant(database, { product: 'workspace', set: { phase: 'active' } });
  await addTenant(database, { slot: true, owner: null });
  expect(await listMeteredTenants(database, 'local')).toEqual([{ id, namespace }]);

  let now = new Date('2026-11-10T10:00:00Z');
  const sampledBy: string[] = [];
  const worker = (workerId: string) => {
    const cluster = {
      async send({ path }: ApiRequest): Promise<JsonObject> {
        if (!path.startsWith('/apis/metrics')) return { items: [] };
        return {
          items: [{ metadata: { namespace }, containers: [{ usage: { cpu: '2', memory: '4G' } }] }],
        };
      },
    };
    const metrics: MeteringMetrics = { sampled: () => sampledBy.push(workerId), reported: () => {} };
    return meterRegularly(
      {
        database,
        stripe,
        cell: { id: 'local', region: 'local' },
        policy: defaultPolicy,
        log: pino({ level: 'silent' }),
        workerId,
        now: () => now,
      },
      cluster,
      metrics,
    );
  };
  const first = [worker('one'), worker('two')];
  await until(() => sampledBy.length > 0);
  await Promise.all(first.map((stop) => stop()));
  expect(sampledBy).toHaveLength(1);
  now = new Date('2026-11-10T11:00:00Z');
  const second = worker('three');
  const day = startOfDay('2026-11-10');
  const hours = await until(async () => {
    const found = await listHours(database, id, day, now);
    return found.length === 1 && found;
  });
  await second();
  expect(hours[0]).toMatchObject({ cpuMilliSeconds: 600_000, memoryKbSeconds: 1_200_000_000, samples: 1 });
  expect(sampledBy).toHaveLength(2);
  expect(await listSamples(database, id, day, new Date('2026-11-11T00:00:00Z'))).toHaveLength(2);
  // Nobody keeps a turn.
  expect((await database.query('select name from tenantry.turn')).rows).toEqual([]);
});
