import { z } from 'zod';

/**
 * Every event and what it carries. Fields may be added but never removed, and have the same names as in the API's
 * answers.
 */

const time = z.iso.datetime();
const tenantId = z.string();

/** A tenant at the moment of the event, as its owner sees it in `GET /v1/tenants/{id}`. */
export const tenantFacts = z.object({
  id: tenantId,
  product: z.string(),
  plan: z.string(),
  seats: z.int(),
  slug: z.string(),
  namespace: z.string(),
  region: z.string(),
  owner: z.string().nullable(),
  phase: z.string(),
  state: z.enum(['active', 'suspended', 'deleted']),
  subscription: z.string().nullable(),
  serviceUrl: z.string().nullable(),
  createdAt: time,
});
export type TenantFacts = z.infer<typeof tenantFacts>;

const aboutTenant = z.object({ tenant: tenantFacts });

const member = z.object({
  organization: z.object({ id: z.string(), name: z.string(), slug: z.string() }),
  member: z.object({ email: z.string().nullable(), subject: z.string().nullable(), role: z.string() }),
});

/** The shape of each event's `data`. */
export const eventData = {
  'tenant.created': aboutTenant,
  'tenant.active': aboutTenant,
  'tenant.suspended': aboutTenant.extend({
    reason: z.string().nullable().describe('Such as payment_overdue, subscription_ended, credits_exhausted'),
  }),
  'tenant.resumed': aboutTenant,
  'tenant.plan_changed': aboutTenant.extend({ from: z.string(), to: z.string() }),
  'tenant.deletion_scheduled': aboutTenant.extend({
    deleteAfter: time.describe('Until then, a new subscription brings the tenant back'),
  }),
  'tenant.deleted': aboutTenant,
  'credits.low': z.object({
    tenantId,
    available: z.int(),
    lowBelow: z.int().describe('A fifth of what was there after the last grant or top-up'),
  }),
  'credits.exhausted': z.object({ tenantId, available: z.literal(0), held: z.int() }),
  'usage.limit_reached': z.object({
    tenantId,
    month: z.string().describe('Such as 2026-11'),
    limit: z.string().describe('Id of the entitlement'),
    usedMicroUnits: z.int().describe('Millionths of the unit'),
    limitMicroUnits: z.int(),
  }),
  'budget.reached': z.object({
    tenantId,
    month: z.string().describe('Such as 2026-11'),
    budget: z.enum(['api', 'spend']),
    spentMicros: z.int().describe('Micro-dollars'),
    limitMicros: z.int(),
  }),
  'member.added': member,
  'member.joined': member,
  'member.role_changed': member.extend({ was: z.string() }),
  'member.removed': member,
  'session.completed': z.object({
    tenantId,
    sessionId: z.string(),
    reason: z.string().describe('Why it ended, such as closed, idle, limit_reached, pod_lost'),
    startedAt: time,
    endedAt: time,
    credits: z.int().nullable().describe('What it has cost; null where the product is not on credits'),
  }),
  'notifications.test': z.object({ endpoint: z.string() }),
} as const;

export type EventType = keyof typeof eventData;
export type EventData<Type extends EventType> = z.infer<(typeof eventData)[Type]>;

/** In the order of the documentation. */
export const eventTypes = Object.keys(eventData) as [EventType, ...EventType[]];

/** The types that an endpoint can choose. It gets `notifications.test` whatever it has chosen. */
export const chosenEventTypes = eventTypes.filter((type) => type !== 'notifications.test') as [
  EventType,
  ...EventType[],
];
