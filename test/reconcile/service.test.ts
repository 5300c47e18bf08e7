/** Findings over HTTP and on the command line; a worker's part is played by the reconciler in this process. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FindingView } from '../../api/contract/findings.ts';
import { moneyArea } from '../../automation/reconcile/context.ts';
import { ensureAreas } from '../../automation/reconcile/reconciliations.ts';
import { reconcileIfDue } from '../../automation/reconcile/run.ts';
import { command, homeOf } from '../cli/command.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';
import { type TestContext, testContext } from './context.ts';

let service: Service;
let context: TestContext;
let home: string;
let tenant: string;
beforeAll(async () => {
  service = await startService();
  context = testContext({ ...service, now: () => new Date() });
  home = await homeOf(service);
  tenant = (await addTenant(service.database, { subscriptionId: null })).id;
});
afterAll(async () => {
  context?.close();
  await service?.stop();
});

/** Compares as soon as somebody asks, until the command is over. */
async function withWorker<T>(work: Promise<T>): Promise<T> {
  let over = false;
  const worker = (async () => {
    while (!over) {
      await reconcileIfDue(context, moneyArea);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    return await work;
  } finally {
    over = true;
    await worker;
  }
}

describe('tenantry reconcile', () => {
  test('says so where no worker has ever been', async () => {
    expect(await command(home, ['reconcile'])).toMatchObject({ exitCode: 1 });
  });

  test('compares, shows what waits with what to do, and ends with 8', async () => {
    await ensureAreas(service.database, [moneyArea]);
    const { exitCode, stdout } = await withWorker(command(home, ['reconcile', '--dry-run']));
    expect(exitCode).toBe(8);
    expect(stdout).toMatch(new RegExp(`waiting +.*tenant-without-subscription +${tenant} +nothing pays`));
    expect(stdout).toContain('tenant-without-subscription: approve to suspend the tenant');
  });

  test('approves as the operator, and agrees afterwards', async () => {
    const { findings } = (await service.request('GET', '/v1/findings')).body as { findings: FindingView[] };
    expect(findings).toMatchObject([
      { kind: 'tenant-without-subscription', canApprove: true, tenantId: tenant },
    ]);
    const id = String(findings[0]?.id);
    const approved = await command(home, ['reconcile', 'approve', id, '--note', 'a test account', '--json']);
    expect(approved.exitCode).toBe(0);
    expect(approved.json()).toMatchObject({ findings: [{ state: 'approved', note: 'a test account' }] });
    const { exitCode, stdout } = await withWorker(command(home, ['reconcile']));
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining('Money and infrastructure agree.')]);
    const ended = await service.request('GET', `/v1/findings?ended=true&tenant=${tenant}`);
    expect(ended.body).toMatchObject({
      findings: [{ decidedBy: expect.any(String), endedAt: expect.any(String) }],
    });
  });

  test.each([
    [['reconcile', 'approve', '987654'], 5],
    [['reconcile', 'dismiss', 'one'], 2],
  ])('%o ends with %i', async (args, exitCode) => {
    expect((await command(home, args)).exitCode).toBe(exitCode);
  });
});

describe('findings', () => {
  test.each([
    ['GET', '/v1/findings'],
    ['GET', '/v1/reconciliation'],
    ['POST', '/v1/reconciliation'],
    ['POST', '/v1/findings/1/approve'],
    ['POST', '/v1/findings/1/dismiss'],
  ])('%s %s is for operators', async (method, path) => {
    const body = method === 'POST' ? { body: {} } : {};
    const token = await service.identity.token('ada', 'tenant');
    expect((await service.request(method, path, { token, ...body })).status).toBe(403);
    expect((await service.request(method, path, { token: null, ...body })).status).toBe(401);
  });

  test('what is over can neither be approved nor dismissed', async () => {
    const { findings } = (await service.request('GET', '/v1/findings?ended=true')).body as {
      findings: FindingView[];
    };
    for (const decision of ['approve', 'dismiss']) {
      const path = `/v1/findings/${findings[0]?.id}/${decision}`;
      expect(await service.request('POST', path, { body: {} })).toMatchObject({
        status: 409,
        body: { code: 'not_open' },
      });
    }
  });
});
