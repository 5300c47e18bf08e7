import { describe, expect, test } from 'vitest';
import type { CheckDecision, ServiceCheck } from '../../automation/service.ts';
import type { Tenant } from '../../automation/store/tenants.ts';
import { services } from '../../services/index.ts';
import { catalog, findPlan, type Plan } from '../../tenants/catalog/index.ts';

const named = (product: string, name: string): ServiceCheck => {
  const check = services.find((service) => service.product.id === product)?.checks?.[name];
  if (!check) throw new Error(`${product} has no check ${name}`);
  return check;
};

async function ask(
  product: string,
  plan: string,
  name: string,
  attributes: object = {},
  amount = 1,
): Promise<CheckDecision> {
  const found = catalog.find(({ id }) => id === product);
  const bought = findPlan(product, plan);
  if (!found || !bought) throw new Error(`there is no plan ${product} ${plan}`);
  const check = named(product, name);
  const request = {
    tenant: {} as Tenant,
    product: found,
    plan: bought,
    amount,
    attributes: check.attributes.parse(attributes),
    at: new Date(),
  };
  return check.decide(request, undefined as never);
}

/** Plans that have what a decision refused. */
const plansWith = (product: string, decision: CheckDecision): string[] =>
  decision.admitted
    ? []
    : (catalog.find(({ id }) => id === product)?.plans ?? [])
        .filter((plan: Plan) => decision.refusal.has(plan))
        .map(({ id }) => id);

describe('a check of the tree’s services admits, and says what a use needs', () => {
  test.each([
    [
      'workspace',
      'byoc',
      'session',
      {},
      { needs: [{ of: 'concurrency', entitlement: 'concurrentSessions', amount: 1 }] },
    ],
    [
      'workspace',
      'we-manage',
      'apiCall',
      {},
      { needs: [{ of: 'limit', entitlement: 'apiCallsPerMonth', amount: 1 }], meter: 'workspace_api_calls' },
    ],
    [
      'browsers',
      'professional',
      'session',
      {},
      {
        needs: [{ of: 'limit', entitlement: 'sessionsPerMonth', amount: 1 }],
        meter: 'browsers_sessions',
        estimatedCostMicros: 2107,
      },
    ],
    [
      'inbox',
      'starter',
      'email',
      {},
      { needs: [{ of: 'limit', entitlement: 'emailsPerMonth', amount: 1 }], meter: 'inbox_emails' },
    ],
    [
      'agents',
      'free',
      'task',
      { agent: 'opencode' },
      {
        needs: [
          { of: 'limit', entitlement: 'tasksPerMonth', amount: 1 },
          { of: 'rate', entitlement: 'requestsPerMinute', amount: 1, periodSeconds: 60 },
        ],
        meter: 'agents_tasks_opencode',
        estimatedCostMicros: 0,
      },
    ],
    [
      'agents',
      'pro',
      'task',
      { agent: 'claude' },
      { meter: 'agents_tasks_claude', estimatedCostMicros: 500_000 },
    ],
    ['agents', 'pro', 'request', {}, { meter: 'agents_requests' }],
    [
      'agents',
      'enterprise',
      'sandbox',
      {},
      { needs: [{ of: 'concurrency', entitlement: 'concurrentSandboxes', amount: 1 }] },
    ],
    ['stream', 'free', 'session', {}, { needs: [{ of: 'concurrency', entitlement: 'sessions', amount: 1 }] }],
  ])('%s %s: %s %j', async (product, plan, name, attributes, decision) => {
    expect(await ask(product, plan, name, attributes)).toMatchObject({ admitted: true, ...decision });
  });

  test('the cost of API calls is the amount itself', async () => {
    expect(await ask('inbox', 'starter', 'apiCost', {}, 1500)).toMatchObject({
      needs: [{ of: 'budget', costMicros: 1500 }],
      estimatedCostMicros: 1500,
    });
  });
});

describe('a check of the tree’s services refuses what the plan lacks, and knows which plan has it', () => {
  test.each([
    ['workspace', 'byoc', 'apiCall', {}, 'apiKey', ['we-manage']],
    ['browsers', 'starter', 'session', {}, 'sessionsPerMonth', ['professional', 'enterprise']],
    ['agents', 'free', 'task', { agent: 'claude' }, 'agents', ['pro', 'enterprise']],
    ['agents', 'pro', 'sandbox', {}, 'privateSandboxes', ['enterprise']],
  ])('%s %s: %s %j', async (product, plan, name, attributes, entitlement, plans) => {
    const decision = await ask(product, plan, name, attributes);
    expect(decision).toMatchObject({ admitted: false, refusal: { entitlement } });
    expect(plansWith(product, decision)).toEqual(plans);
  });

  test('attributes that it does not know are refused by name', () => {
    expect(named('agents', 'task').attributes.safeParse({ agent: 'hal' }).success).toBe(false);
    expect(named('browsers', 'session').attributes.safeParse({ agent: 'opencode' }).success).toBe(false);
  });
});

test('every product of the tree has its service, and each of its checks names entitlements and meters that it has', async () => {
  expect(services.map(({ product }) => product)).toEqual(catalog);
  const attributes: Record<string, object> = {
    task: { agent: 'opencode' },
  };
  for (const { product, checks = {} } of services) {
    for (const name of Object.keys(checks))
      for (const plan of product.plans) {
        const decision = await ask(product.id, plan.id, name, attributes[name]);
        const entitlements = decision.admitted
          ? decision.needs.flatMap((need) => ('entitlement' in need ? [need.entitlement] : []))
          : [decision.refusal.entitlement];
        for (const entitlement of entitlements) expect(plan.entitlements).toHaveProperty(entitlement);
        if (decision.admitted && decision.meter !== undefined)
          expect(product.meters.map(({ id }) => id)).toContain(decision.meter);
      }
  }
});
