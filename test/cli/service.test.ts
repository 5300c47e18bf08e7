/** The commands against a whole running Tenantry. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tenant } from '../../api/client/index.ts';
import { writeEndpoints } from '../../automation/local/home.ts';
import { startTenantry, type Tenantry } from '../support/tenantry.ts';
import { command } from './command.ts';

let tenantry: Tenantry;
let home: string;
beforeAll(async () => {
  // Kept for a day, so that a cancelled tenant can be looked at.
  tenantry = await startTenantry({ variables: { TENANTRY_RETENTION_MS: '86400000' } });
  home = tenantry.home;
  await writeEndpoints(home, {
    api: tenantry.api,
    stripe: tenantry.stripe.url,
    kubeconfig: '',
    postgres: '',
    issuer: tenantry.issuer,
    operatorToken: await tenantry.token('operator@example.com', 'operator'),
  });
  const { secretKey } = tenantry.stripe;
  await writeFile(
    join(home, 'stripe-secrets.json'),
    JSON.stringify({ secretKey, webhookSecret: tenantry.webhookSecret }),
  );
});
afterAll(() => tenantry?.stop());

const json = async <Answer>(...args: string[]): Promise<Answer> => {
  const outcome = await command(home, [...args, '--json']);
  if (outcome.exitCode !== 0)
    throw new Error(`exit code ${outcome.exitCode}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.json();
};

test('products lists all five, with prices', async () => {
  const { stdout } = await command(home, ['products']);
  for (const word of ['workspace', 'browsers', 'inbox', 'agents', 'stream', '$29/seat/month', 'by agreement'])
    expect(stdout).toContain(word);
  expect((await json<{ products: unknown[] }>('products')).products).toHaveLength(5);
});

describe('a subscription', () => {
  let id: string;

  test('becomes an active tenant, told step by step on standard error', async () => {
    const outcome = await command(home, [
      ...['subscribe', 'stream', 'professional', '--as', 'ann@example.com'],
      ...['--slug', 'cli-acme', '--seats', '3', '--json'],
    ]);
    expect(outcome.exitCode, outcome.stdout + outcome.stderr).toBe(0);
    const { tenant, elapsedMs, checkout } = outcome.json() as {
      tenant: Tenant;
      elapsedMs: number;
      checkout: { id: string };
    };
    id = tenant.id;
    expect(tenant).toMatchObject({
      product: 'stream',
      plan: 'professional',
      slug: 'cli-acme',
      phase: 'active',
    });
    expect(elapsedMs).toBeGreaterThan(0);
    expect(checkout.id).toMatch(/^co_/);
    expect(outcome.stderr).toMatch(/ann@example\.com subscribes to stream professional/);
    expect(outcome.stderr).toMatch(/\+\d.*The tenant is active/);
  });

  test('is shown with its timeline in order, to its owner and to the operator', async () => {
    for (const identity of [['--as', 'ann@example.com'], []]) {
      const shown = await json<{ phase: string; timeline: { id: number; kind: string }[] }>(
        'tenant',
        id,
        ...identity,
      );
      expect(shown.phase).toBe('active');
      const ids = shown.timeline.map((entry) => entry.id);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      expect(shown.timeline.map((entry) => entry.kind)).toEqual(
        expect.arrayContaining(['tenant.created', 'operation.started', 'tenant.active']),
      );
    }
    const { stdout } = await command(home, ['tenant', id]);
    expect(stdout).toMatch(/namespace +tenant-cli-acme/);
    expect(stdout).toMatch(/after payment/);
  });

  test('is nobody else’s business', async () => {
    const outcome = await command(home, ['tenant', id, '--as', 'bob@example.com', '--json']);
    expect(outcome.exitCode).toBe(5);
    expect(outcome.json()).toMatchObject({ error: { code: 'not_found' } });
    expect(await json('tenants', '--as', 'bob@example.com')).toEqual({ tenants: [], nextCursor: null });
  });

  test('is in the list, which can be narrowed', async () => {
    const ids = async (...args: string[]) =>
      (await json<{ tenants: Tenant[] }>('tenants', ...args)).tenants.map((tenant) => tenant.id);
    expect(await ids('--product', 'stream', '--phase', 'active')).toContain(id);
    expect(await ids('--product', 'inbox')).not.toContain(id);
    expect(await ids('--all')).toContain(id);
  });

  test('cannot be made twice under one name', async () => {
    const outcome = await command(home, [
      ...['subscribe', 'stream', 'professional', '--as', 'bob@example.com', '--slug', 'cli-acme', '--json'],
    ]);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.json()).toMatchObject({ error: { code: 'name_taken' } });
  });

  test('has events, which can be followed for a time', async () => {
    const listed = await json<{ entries: unknown[] }>('events', id);
    expect(listed.entries.length).toBeGreaterThan(3);
    const followed = await json<{ entries: unknown[] }>('events', id, '--follow', '--timeout', '1');
    expect(followed.entries.length).toBeGreaterThanOrEqual(listed.entries.length);
  });

  test('is tried again on request', async () => {
    expect(await json('retry', id)).toMatchObject({ id });
    expect(await json<{ timeline: { kind: string }[] }>('tenant', id)).toMatchObject({
      timeline: expect.arrayContaining([expect.objectContaining({ kind: 'tenant.retry' })]),
    });
  });

  test('can be ended with its period, and the tenant stays', async () => {
    expect(await json('cancel', id, '--wait', '--as', 'ann@example.com')).toMatchObject({
      desired: { state: 'active' },
      subscription: { cancelAtPeriodEnd: true },
    });
  });

  test('cannot be cancelled by somebody else', async () => {
    expect(await command(home, ['cancel', id, '--as', 'bob@example.com'])).toMatchObject({ exitCode: 5 });
  });

  test('can be cancelled at once, and the tenant is suspended; a second time changes nothing', async () => {
    const cancelled = { phase: 'suspended', subscription: { status: 'canceled' } };
    const unasked = await command(home, ['cancel', id, '--now', '--json']);
    expect(unasked).toMatchObject({ exitCode: 2 });
    expect(unasked.json()).toMatchObject({
      error: { code: 'not_confirmed', message: expect.stringContaining('--yes') },
    });
    expect(await json('cancel', id, '--now', '--yes', '--wait')).toMatchObject(cancelled);
    expect(await json('cancel', id, '--now', '--wait')).toMatchObject(cancelled);
    expect((await command(home, ['tenant', id])).stdout).toMatch(/Suspended: .*subscription_ended/);
  });
});

describe('what cannot be bought', () => {
  test.each([
    [['workspac', 'byoc'], 2, 'unknown_product', /Products: workspace, browsers, inbox, agents, stream/],
    [['workspace', 'pro'], 2, 'unknown_plan', /Plans: byoc \(\$15\/month\), we-manage \(\$20\/month\)/],
    [['stream', 'enterprise'], 2, 'plan_not_for_sale', /agreed by hand/],
    [['stream', 'professional', '--slug', '../../etc'], 2, 'invalid_request', /slug: must be 2 to 39/],
    [['stream', 'professional', '--slug', ''], 2, 'invalid_request', /slug: must be/],
    [['workspace', 'byoc', '--seats', '4'], 2, 'invalid_request', /not sold by seats/],
    [['workspace', 'byoc', '--as', 'nobody'], 2, 'invalid_email', /--as takes an e-mail address/],
    [['workspace', 'byoc', '--decline'], 1, 'card_declined', /declined/],
  ])('%j is refused with the reason', async (args, exitCode, code, message) => {
    const outcome = await command(home, ['subscribe', ...args, '--json']);
    expect(outcome.exitCode).toBe(exitCode);
    expect(outcome.json()).toMatchObject({ error: { code, message: expect.stringMatching(message) } });
  });
});

test('subscribe --no-wait returns once paid', async () => {
  const outcome = await json<{ tenant: null; checkout: { id: string } }>(
    ...['subscribe', 'agents', 'free', '--as', 'cy@example.com', '--no-wait'],
  );
  expect(outcome).toMatchObject({ tenant: null, elapsedMs: null });
});

test('a tenant that does not exist is not found, whatever its name', async () => {
  for (const id of ['zzzzzzzz', '../v1/products', '..', 'a'.repeat(300), "x'; drop table tenant; --"])
    expect(await command(home, ['tenant', id, '--json']), id).toMatchObject({ exitCode: 5 });
});

test('token is for the person named, or for the operator', async () => {
  const { stdout } = await command(home, ['token', '--as', 'ann@example.com']);
  expect(decodeJwt(stdout.trim())).toMatchObject({
    email: 'ann@example.com',
    scope: expect.stringContaining('tenant'),
  });
  expect(decodeJwt(stdout.trim()).scope).not.toContain('operator');
  expect(await json('token', '--operator')).toMatchObject({ scope: expect.stringContaining('operator') });
});

test('a token that is not valid is refused, exit code 6', async () => {
  const outcome = await command(home, ['tenants', '--json'], { token: 'not.a.token' });
  expect(outcome.exitCode).toBe(6);
  expect(outcome.json()).toMatchObject({ error: { code: 'unauthenticated' } });
});
