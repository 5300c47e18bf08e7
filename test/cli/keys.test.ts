/** `tenantry keys` against the service. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KeyView } from '../../api/contract/keys.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { command, homeOf } from './command.ts';

let service: Service;
let home: string;
beforeAll(async () => {
  service = await startService();
  home = await homeOf(service);
  await addTenant(service.database, { id: 'adabrow1', owner: 'ada', product: 'browsers', plan: 'starter' });
});
afterAll(() => service?.stop());

test('a key is printed alone, so that a shell can keep it, and works until it is revoked', async () => {
  const create = ['keys', 'create', 'shop', '--service', 'browsers', '--expires', '7'];
  const made = await command(home, [...create, '--scope', 'tenants:read', 'usage:write']);
  expect(made.exitCode, made.stderr).toBe(0);
  const key = made.stdout.trim();
  expect(key).toMatch(/^tk_[a-z0-9]{12}_[\w-]{43}$/);
  expect(made.stderr).toMatch(
    /it reaches every tenant of browsers with tenants:read, usage:write and expires at/,
  );

  const read = () => service.request('GET', '/v1/tenants/adabrow1', { token: key });
  expect((await read()).status).toBe(200);
  const { stdout } = await command(home, ['keys', 'list']);
  expect(stdout).toMatch(/shop +every tenant of browsers +tenants:read usage:write +20/);
  expect(stdout).not.toContain(key.slice(16));

  const id = key.slice(3, 15);
  expect(await command(home, ['keys', 'revoke', id])).toMatchObject({
    exitCode: 0,
    stdout: `The key ${id} (shop) is revoked.\n`,
  });
  expect((await read()).status).toBe(401);
  expect(await command(home, ['keys', 'revoke', id])).toMatchObject({ exitCode: 5 });
});

test('every key is listed, beyond one page, and with --json as one document', async () => {
  for (let n = 0; n < 3; n += 1)
    await command(home, ['keys', 'create', `${n}`, '--tenant', 'adabrow1', '--scope', 'tenants:read']);
  const { keys } = (await command(home, ['keys', 'list', '--json'])).json() as { keys: KeyView[] };
  expect(keys.map(({ name }) => name)).toEqual(['2', '1', '0']);
});

test.each([
  [['--scope', 'everything'], /scopes\.0: .*tenants:read/],
  [['--scope', 'tenants:read', '--tenant', 'adabrow1', '--service'], /not for both/],
  [[], /--scope/],
])('wrong use is told: %j', async (options, why) => {
  const outcome = await command(home, ['keys', 'create', 'x', ...options]);
  expect([outcome.exitCode, outcome.stderr]).toEqual([2, expect.stringMatching(why)]);
});
