import { rm } from 'node:fs/promises';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { observeMetering } from '../../automation/metering/metrics.ts';
import { rollUpHours } from '../../automation/metering/roll-up.ts';
import { sampleCell } from '../../automation/metering/sample.ts';
import { dayOf, hourMs, hourOf, slotMs, slotOf } from '../../automation/metering/time.ts';
import { ensureUsagePartitions } from '../../automation/metering/usage-roll-up.ts';
import { command, homeOf } from '../cli/command.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

/** Usage over HTTP and at the terminal: two customers of Stream and an operator. */

let service: Service;
let ada: string;
let eve: string;
let home: string;
/** Two whole hours, one of today's or yesterday's: whatever the time is, they are over. */
const hour = new Date(hourOf(new Date()).getTime() - 3 * hourMs);
const month = dayOf(hour).slice(0, 7);

beforeAll(async () => {
  service = await startService();
  ada = await service.identity.token('ada');
  eve = await service.identity.token('eve');
  const { database } = service;
  for (const [id, owner] of [
    ['adadesk1', 'ada'],
    ['evedesk1', 'eve'],
  ] as const) {
    await addTenant(database, {
      id,
      owner,
      product: 'stream',
      plan: 'business',
      slug: `${owner}-desk`,
      subscriptionId: `sub_${owner}`,
      createdAt: hour,
      set: { phase: 'active' },
    });
    await database.query(
      `update tenantry.subscription set status = 'active', customer_id = $2, product = 'stream', plan = 'business',
         seats = 2 where id = $1`,
      [`sub_${owner}`, `cus_${owner}`],
    );
  }
  await ensureUsagePartitions(database, hour, new Date());
  const consumers = new Map([['ada@desk', { cpuMillis: 12_000, memoryBytes: 36e9 }]]);
  const use = { cpuMillis: 12_000, memoryBytes: 36e9, storageBytes: 100e9, consumers };
  for (const minutes of [0, 5, 10, 30])
    await sampleCell(
      {
        database,
        now: () => new Date(hour.getTime() + minutes * 60_000),
        observe: async () => ({
          source: 'requests',
          pods: 1,
          namespaces: new Map([['tenant-ada-desk', use]]),
        }),
      },
      'local',
    );
  await rollUpHours(database, new Date());
  home = await homeOf(service);
});
afterAll(async () => {
  if (home) await rm(home, { recursive: true, force: true });
  await service?.stop();
});

const get = (path: string, token?: string) =>
  service.request('GET', path, token === undefined ? {} : { token });
const tell = (id: string, body: unknown, token?: string) =>
  service.request('POST', `/v1/tenants/${id}/usage`, { body, ...(token !== undefined && { token }) });

describe('what was used', () => {
  test('its owner sees by days, hours and samples, with what is missing', async () => {
    const days = `from=${dayOf(hour)}&until=${dayOf(new Date())}`;
    const byDay = await get(`/v1/tenants/adadesk1/usage?${days}`, ada);
    expect(byDay.status).toBe(200);
    const { days: rows, gaps } = byDay.body as {
      days: { dimension: string; quantity: string; unit: string; day: string }[];
      gaps: { from: string; until: string; samples: number }[];
    };
    expect(rows).toContainEqual({
      day: dayOf(hour),
      dimension: 'stream_vcpu_hours',
      quantity: '4',
      unit: 'vCPU-hour',
      microUnits: 4_000_000,
    });
    expect(gaps[0]).toEqual({
      cell: 'local',
      from: new Date(hour.getTime() + 15 * 60_000).toISOString(),
      until: new Date(hour.getTime() + 30 * 60_000).toISOString(),
      samples: 3,
    });
    expect((await get(`/v1/tenants/adadesk1/usage?by=hour&${days}`, ada)).body).toMatchObject({
      hours: [{ hour: hour.toISOString(), cpuMilliSeconds: 14_400_000, samples: 4 }],
    });
    expect((await get(`/v1/tenants/adadesk1/usage?by=sample&${days}`, ada)).body).toMatchObject({
      samples: [0, 5, 10, 30].map((minutes) => ({
        at: new Date(hour.getTime() + minutes * 60_000).toISOString(),
        cpuMillis: 12_000,
      })),
    });
    const csv = await get(`/v1/tenants/adadesk1/usage?by=hour&format=csv&${days}`, ada);
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8');
    expect(csv.headers.get('cache-control')).toBe('no-store');
    expect(csv.text).toBe(
      `tenant,hour,cpu_milli_seconds,memory_kb_seconds,storage_mb_seconds,samples\r\nadadesk1,${hour.toISOString()},14400000,43200000000,120000000,4\r\n`,
    );
  });

  test('costs what its statement says, to the cent', async () => {
    const { status, body } = await get(`/v1/tenants/adadesk1/statement?month=${month}`, ada);
    expect(status).toBe(200);
    // 4 vCPU-hours at $0.05, 12 GB-hours at $0.01; 100 GB for 20 minutes of a month.
    expect(body).toMatchObject({
      tenant: 'adadesk1',
      month,
      computeCents: 20 + 12,
      storageCents: 0,
      topConsumers: [{ consumer: 'ada@desk', cpuHours: '4', memoryGbHours: '12' }],
    });
    const csv = await get(`/v1/tenants/adadesk1/statement?month=${month}&format=csv`, ada);
    expect(csv.text).toContain(`${month},adadesk1,compute,stream_vcpu_hours,CPU,4,vCPU-hour,0.05,0.20\r\n`);
  });

  test('operators see of all tenants, the most first, and how metering does', async () => {
    const { body } = await get(`/v1/usage?month=${month}&product=stream`);
    expect(body).toMatchObject({
      month,
      tenants: [{ tenant: 'adadesk1', slug: 'ada-desk', computeCents: 32 }],
      nextCursor: null,
      metering: { cells: [{ cell: 'local', source: 'requests' }], staleHours: 0, overreported: 0 },
    });
    const csv = await get(`/v1/usage?month=${month}&format=csv`);
    expect(csv.text.split('\r\n')[1]).toMatch(`${month},adadesk1,stream,ada-desk,`);
  });

  test('nobody sees of somebody else, and no tenant of all', async () => {
    for (const path of ['usage', 'statement'])
      expect((await get(`/v1/tenants/adadesk1/${path}`, eve)).status, path).toBe(404);
    expect((await get('/v1/usage', ada)).status).toBe(403);
    expect((await service.request('GET', '/v1/usage', { token: null })).status).toBe(401);
    expect((await get('/v1/tenants/evedesk1/statement', eve)).body).toMatchObject({ computeCents: 0 });
  });

  test.each([
    'tenants/adadesk1/statement?month=2026-13',
    'tenants/adadesk1/statement?format=xml',
    'tenants/adadesk1/usage?from=2026-02-30',
    'tenants/adadesk1/usage?from=2026-11-02&until=2026-11-01',
    'tenants/adadesk1/usage?by=sample&from=2020-01-01',
    'usage?limit=0',
    'usage?product=bogus',
  ])('%s is refused', async (path) => {
    expect(await get(`/v1/${path}`)).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });
});

describe('telling', () => {
  const at = slotOf(new Date(hour.getTime() + 65 * 60_000)).toISOString();
  const sample = { dimension: 'stream_sessions_active', at, quantity: '3' };

  test('a service tells what no cluster shows, once or twice, and it counts', async () => {
    for (const quantity of ['3', '3', '2'])
      expect(await tell('evedesk1', { samples: [{ ...sample, quantity }] })).toMatchObject({
        status: 200,
        body: { accepted: 1 },
      });
    await rollUpHours(service.database, new Date());
    const shown = await get(`/v1/tenants/evedesk1/usage?from=${dayOf(hour)}&until=${dayOf(new Date())}`, eve);
    expect(shown.body).toMatchObject({ days: [{ dimension: 'stream_sessions_active', quantity: '3' }] });
  });

  test('no tenant tells of itself', async () => {
    expect((await tell('evedesk1', { samples: [sample] }, eve)).status).toBe(403);
    expect((await tell('adadesk1', { samples: [sample] }, eve)).status).toBe(404);
  });

  const future = new Date(Date.now() + 3 * slotMs).toISOString();
  test.each([
    ['what the sampler measures', [{ ...sample, dimension: 'stream_vcpu_hours' }], 'samples.0.dimension'],
    ["another product's dimension", [{ ...sample, dimension: 'inbox_emails' }], 'samples.0.dimension'],
    ['a negative figure', [{ ...sample, quantity: '-1' }], 'samples.0.quantity'],
    ['a figure too large to be exact', [{ ...sample, quantity: '9999999999.9' }], 'samples.0.quantity'],
    ['the future', [{ ...sample, at: future }], 'samples.0.at'],
    ['what is too long ago', [{ ...sample, at: '2026-01-01T00:00:00.000Z' }], 'samples.0.at'],
    ['the same five minutes twice', [sample, sample], 'samples.1.at'],
    ['nothing', [], 'samples'],
  ])('%s is refused', async (_what, samples, field) => {
    const { status, body } = await tell('evedesk1', { samples });
    expect([status, (body as { errors: { field: string }[] }).errors[0]?.field]).toEqual([400, field]);
  });
});

describe('tenantry usage', () => {
  test('shows a statement, all tenants, and steps', async () => {
    const statement = await command(home, ['usage', 'adadesk1', '--month', month]);
    expect(statement).toMatchObject({ exitCode: 0, stderr: '' });
    expect(statement.stdout).toMatch(/compute +\$0\.32\n/);
    expect(statement.stdout).toMatch(/compute +CPU +4 vCPU-hour +\$0\.05 +\$0\.20\n/);
    expect(statement.stdout).toMatch(/ada@desk +4 +12/);
    const all = await command(home, ['usage', '--month', month]);
    expect(all.stdout).toMatch(/cell local +sampled .*, by requests\n/);
    expect(all.stdout).toMatch(/adadesk1 +stream +ada-desk +\$\d+\.\d\d +\$0\.32 +\$0\.00/);
    const hours = await command(home, ['usage', 'adadesk1', '--by', 'hour', '--month', month]);
    expect(hours.stdout).toMatch(/HOUR +CPU MILLI SECONDS/);
    const csv = await command(home, ['usage', 'adadesk1', '--month', month, '--csv']);
    expect(csv.stdout).toContain('stream_memory_gb_hours,Memory,12,GB-hour,0.01,0.12');
    const json = await command(home, ['usage', 'adadesk1', '--month', month, '--json']);
    expect(json.json()).toMatchObject({ computeCents: 32 });
  });

  test('a month that is none is wrong use', async () => {
    expect((await command(home, ['usage', '--month', '2026-13'])).exitCode).toBe(2);
  });
});

test('Prometheus is told of the newest sample, of gaps and of what Stripe has yet to be told', async () => {
  const registry = new Registry();
  const now = new Date(hour.getTime() + 45 * 60_000);
  const metrics = observeMetering(registry, service.database, () => now);
  metrics.sampled(0.5);
  metrics.reported({ sent: 2, cancelled: 0, failed: 1 });
  const text = await registry.metrics();
  expect(text).toContain('tenantry_usage_last_sample_age_seconds{cell="local"} 900');
  // 10:15 to 10:30, and 10:35 to 10:40: the newest five minutes may still be sampled.
  expect(text).toContain('tenantry_usage_gap_seconds{cell="local"} 1200');
  expect(text).toContain('tenantry_usage_stale_hours 0');
  expect(text).toMatch(/tenantry_usage_unreported \d+/);
  expect(text).toContain('tenantry_usage_meter_events_total{outcome="failed"} 1');
  expect(text).toContain('tenantry_usage_sample_seconds_count 1');
});
