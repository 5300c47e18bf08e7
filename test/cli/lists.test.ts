/** Commands that list, against the service. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type List, listFlags } from '../../cli/lists.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { command, homeOf } from './command.ts';

let service: Service;
let home: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
  for (let n = 1; n <= 4; n += 1)
    await addTenant(service.database, {
      id: `listcli${n}`,
      owner: 'ada',
      product: n === 4 ? 'inbox' : 'browsers',
      plan: n === 1 ? 'starter' : 'professional',
      slug: `name-${5 - n}`,
      createdAt: new Date(Date.UTC(2026, 0, n)),
    });
});
afterAll(() => service?.stop());

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: { readonly enum?: readonly string[] };
}

const tenants = async (...args: string[]) => {
  const outcome = await command(home, ['tenants', '--json', ...args]);
  expect(outcome.exitCode, outcome.stderr).toBe(0);
  const { tenants: found } = outcome.json() as { tenants: { id: string }[] };
  return { ids: found.map(({ id }) => id.at(-1)).join(''), stderr: outcome.stderr };
};

describe('a command that lists', () => {
  test('has a flag for each filter of its list, with the same values', async () => {
    const document = (await service.request('GET', '/openapi.json', { token: null })).body as {
      paths: Record<string, { get?: { operationId: string; parameters?: Parameter[] } }>;
    };
    // Where the command finds the tenant after paying, its month, its argument; and what all lists have.
    const otherwise = ['checkout', 'month', 'subscription', 'limit', 'cursor', 'sort', 'format'];
    for (const [list, flags] of Object.entries(listFlags)) {
      const route = Object.values(document.paths).find(({ get }) => get?.operationId === (list as List))?.get;
      const filters = (route?.parameters ?? []).filter(
        (parameter) => parameter.in === 'query' && !otherwise.includes(parameter.name),
      );
      expect([list, Object.keys(flags).sort()]).toEqual([list, filters.map(({ name }) => name).sort()]);
      for (const { name, schema } of filters) {
        const values = (flags as Readonly<Record<string, readonly string[]>>)[name] ?? [];
        if (values.length > 0) expect([list, name, values]).toEqual([list, name, schema.enum]);
      }
    }
  });

  test('filters and sorts as the service does', async () => {
    expect((await tenants()).ids).toBe('4321');
    expect((await tenants('--product', 'browsers', '--plan', 'professional')).ids).toBe('32');
    expect((await tenants('--sort', 'slug', '--q', 'LISTCLI')).ids).toBe('4321');
    expect((await tenants('--sort', '-slug')).ids).toBe('1234');
  });

  test('shows as many as asked for, and says that there are more', async () => {
    expect(await tenants('--limit', '3')).toEqual({
      ids: '432',
      stderr: 'More than 3: --limit <n> or --all shows them.\n',
    });
    expect(await tenants('--limit', '4')).toEqual({ ids: '4321', stderr: '' });
  });

  test('names the values that there are, itself or in the words of the service', async () => {
    for (const [args, why] of [
      [['tenants', '--phase', 'x'], /--phase.*pending/],
      [['tenants', '--sort', 'x'], /sort: .*"-slug"/],
      [['keys', 'list', '--scope', 'x'], /scope: .*"tenants:read"/],
      [['notifications', 'log', '--type', 'x'], /type: .*"tenant.created"/],
      [['notifications', 'list', '--state', 'x'], /--state.*disabled/],
      [['offboarding', '--product', 'x'], /product: .*browsers/],
      [['organization', '--role', 'x'], /--role.*viewer/],
      [['invoices', '--status', 'x'], /--status.*paid/],
      [['usage', '--sort', 'x'], /sort: .*"-usage"/],
      [['credits', 'listcli1', '--kind', 'x'], /kind: .*"top_up"/],
    ] as const) {
      const outcome = await command(home, args);
      expect([args, outcome.exitCode, outcome.stderr]).toEqual([args, 2, expect.stringMatching(why)]);
    }
  });
});
