import { afterAll, beforeAll, expect, test } from 'vitest';
import { announceWorker } from '../../automation/store/presence.ts';
import { cell, type Service, startService } from '../support/service.ts';
import { failuresOf, watch } from './checks.ts';

let service: Service;
const endings: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  service = await startService();
  endings.push(service.stop);
});
afterAll(async () => {
  for (const end of endings.reverse()) await end();
});

const impatient = { patienceMs: 0, watchMs: 0, everyMs: 20, say: () => {} };

test('a service without a worker fails, and says what is missing', async () => {
  const failures = await watch(service.url, impatient);
  expect(failures).toHaveLength(1);
  expect(failures[0]).toMatch(/a subscription would become a tenant: readyz answered 503.*no worker/);
});

test('a service that is complete stands the watch', async () => {
  const presence = await announceWorker(service.databaseUrl, cell.id);
  endings.push(presence.withdraw);
  expect(await watch(service.url, { ...impatient, patienceMs: 60_000, watchMs: 100 })).toEqual([]);
});

test('something else at the address fails every check', async () => {
  expect(await failuresOf(`${service.url}/nowhere`)).toHaveLength(5);
  expect(await failuresOf('http://127.0.0.1:1')).toHaveLength(5);
});
