import { z } from '@hono/zod-openapi';
import { regionPattern, residencies } from '../../automation/desired/index.ts';
import { healthStates } from '../../automation/health/index.ts';
import { phases } from '../../automation/store/tenants.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import { reservedSlugs } from '../../tenants/catalog/names.ts';
import { productId } from '../../tenants/product-id.ts';
import { slugPattern, tenantIdPattern } from '../../tenants/spec.ts';
import { listQuery, nextCursor, search } from './page.ts';

/** Requests and answers about tenants. The OpenAPI document, the page and the command line take their types from here. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });

export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
    refusal: z
      .object({
        limit: z.string().nullable().openapi({
          description: 'The entitlement that refuses, or `credits` or `apiBudget`; null when the state does',
        }),
        allowed: z.number().nullable(),
        left: z.number().nullable(),
        requested: z.number().nullable(),
        resetsAt: time.nullable(),
        planWithMore: z.object({ id: z.string(), name: z.string() }).nullable(),
      })
      .optional()
      .openapi({ description: 'Why a use is refused' }),
  })
  .openapi('Problem', { description: 'RFC 9457 problem details' });

/**
 * A tenant's id from a request. It is no string, so that no query can use it: only the scoped store takes it, and finds the
 * tenant only for a principal that reaches it. An invalid id gets the same 404 as somebody else's tenant.
 */
export interface AskedTenant {
  readonly askedId: string;
}

export function askedTenant(askedId: string): AskedTenant {
  return { askedId };
}

export const tenantParams = z.object({
  id: z
    .string()
    .openapi({ param: { name: 'id', in: 'path' } })
    .transform(askedTenant),
});

export const tenantId = z.string().regex(tenantIdPattern, 'is eight letters and digits, the first a letter');

const price = z.object({
  kind: z.enum(['flat', 'perSeat', 'custom']),
  priceCents: z.int().nullable(),
  currency: z.literal('usd'),
  interval: z
    .literal('month')
    .nullable()
    .openapi({ enum: ['month', null] }),
  maxSeats: z.int().nullable().openapi({
    description: 'Most seats that checkout sells; null where the plan is not sold by seats',
  }),
});

const plan = z.object({
  id: z.string(),
  name: z.string(),
  price,
  trialDays: z.int().nullable().openapi({ description: 'Days of a free trial; null where there is none' }),
  features: z.array(z.string()),
  limits: z.record(z.string(), z.number().nullable()).openapi({
    description: 'Figures with their unit at the end of the name: cpuMillis, memoryBytes, pods, …',
  }),
  entitlements: z
    .record(z.string(), z.union([z.number(), z.boolean(), z.string(), z.array(z.string()), z.null()]))
    .openapi({ description: 'null is unlimited or agreed by hand' }),
});

export const product = z
  .object({
    id: z.string(),
    name: z.string(),
    description: z.string(),
    plans: z.array(plan),
    meters: z.array(
      z.object({ id: z.string(), name: z.string(), unit: z.string(), unitPriceMicros: z.int().nullable() }),
    ),
    namespace: z.object({ from: z.enum(['tenantId', 'slug']), prefix: z.string() }),
  })
  .openapi('Product');
export type ProductView = z.infer<typeof product>;

export const productList = z.object({ products: z.array(product) }).openapi('ProductList');

/** The most seats of any plan. Where the plan is known, its own limit is checked. */
const mostSeats = () =>
  Math.max(
    ...catalog.flatMap(({ plans }) =>
      plans.map(({ price }) => (price.kind === 'perSeat' ? price.maxSeats : 1)),
    ),
  );

export const seats = z
  .int('must be a whole number')
  .min(1, 'must be at least 1')
  .refine((count) => count <= mostSeats(), { error: () => `must be at most ${mostSeats()}` });

export const organizationId = z
  .string()
  .regex(/^org_[a-z0-9]{16}$/, 'is the id of an organization')
  .openapi({ example: 'org_a1b2c3d4e5f6g7h8' });

export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2000);

export const checkoutRequest = z
  .strictObject({
    product: productId,
    plan: z.string().min(1).max(64),
    slug: z
      .string()
      .regex(
        slugPattern,
        'must be 2 to 39 lower-case letters, digits and single hyphens, starting with a letter',
      )
      .refine((slug) => !reservedSlugs.has(slug), 'is reserved for the platform: choose another')
      .optional()
      .openapi({ description: 'Public name of the tenant, where its product has one', example: 'acme' }),
    seats: seats.optional(),
    region: z.string().regex(regionPattern, 'must be a region such as eu-west-1').optional().openapi({
      description: 'Where the tenant should be; defaults to the home region',
      example: 'eu-west-1',
    }),
    residency: z
      .enum(Object.keys(residencies) as [keyof typeof residencies])
      .optional()
      .openapi({ description: 'The law that its data must stay under; for plans that include compliance' }),
    organization: organizationId
      .optional()
      .openapi({ description: "Who pays; defaults to your token's organization, or else you yourself" }),
    trial: z
      .boolean()
      .optional()
      .openapi({ description: "Begins with the plan's free trial, once for each product" }),
    promotionCode: z
      .string()
      .regex(/^[A-Za-z0-9-]{1,100}$/, 'must be letters, digits and hyphens')
      .optional()
      .openapi({
        description: 'When left out, the customer may type one on the payment page',
        example: 'WELCOME20',
      }),
    successUrl: webUrl
      .optional()
      .openapi({ description: 'May contain {CHECKOUT_SESSION_ID}, which is replaced' }),
    cancelUrl: webUrl.optional(),
  })
  .openapi('CheckoutRequest');
export type CheckoutRequest = z.infer<typeof checkoutRequest>;

export const checkout = z
  .object({
    id: z.string().openapi({ description: 'Find the tenant with GET /v1/tenants?checkout=<id>' }),
    url: z.url().openapi({ description: 'Where the customer pays' }),
  })
  .openapi('Checkout');

const kubernetesObject = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  namespace: z.string().nullable(),
});

const outputs = z.object({
  namespace: z.string(),
  serviceUrl: z.string().nullable(),
  database: z
    .object({ name: z.string().nullable(), schema: z.string(), role: z.string(), secretName: z.string() })
    .nullable(),
  objects: z.array(kubernetesObject),
});

const reason = z.object({ code: z.string(), message: z.string() });

const health = z
  .object({
    state: z.enum(healthStates).openapi({
      description:
        '`running`: as many pods are ready as are wanted. `none_wanted`: it is suspended or idle, or its plan runs nothing. ' +
        '`unknown`: nobody watches its cell now. The others say why fewer pods are ready than are wanted.',
    }),
    message: z.string().nullable(),
    wanted: z.int().nullable().openapi({ description: 'Pods; null when not known' }),
    ready: z.int().nullable(),
    sizes: z
      .array(z.object({ cpuMillis: z.int(), memoryBytes: z.int(), pods: z.int() }))
      .openapi({ description: 'What the ready pods request, each size once' }),
    since: time.nullable().openapi({ description: 'Since when it is in this state' }),
    lookedAt: time.nullable().openapi({
      description: 'When its cell was last watched; null while it is watched, and when it never was',
    }),
  })
  .openapi('Health');
export type HealthView = z.infer<typeof health>;

export const tenant = z
  .object({
    id: tenantId,
    product: z.string(),
    plan: z.string(),
    slug: z.string(),
    namespace: z.string(),
    region: z.string(),
    cell: z.string(),
    owner: z.string().nullable(),
    phase: z.enum(phases).openapi({
      description:
        'What was provisioned: `active` says that its objects stand, `health` says what runs of them',
    }),
    health: health.nullable().openapi({ description: 'What runs; null for a tenant that is going or gone' }),
    desired: z.object({
      state: z.enum(['active', 'suspended', 'deleted']),
      plan: z.string(),
      generation: z.int(),
    }),
    observed: z.object({ generation: z.int(), plan: z.string().nullable() }),
    reason: reason.nullable().openapi({ description: 'Why it waits, failed or is suspended' }),
    nextTryAt: time.nullable(),
    subscription: z
      .object({
        id: z.string(),
        status: z.string(),
        currentPeriodEnd: time.nullable(),
        cancelAtPeriodEnd: z.boolean(),
      })
      .nullable(),
    outputs: outputs.nullable(),
    createdAt: time,
    requestedAt: time.nullable().openapi({ description: 'When we first heard of its payment' }),
    activeAt: time.nullable(),
    deleteAfter: time.nullable().openapi({ description: 'Its data is kept until then' }),
    cause: z.string().nullable().optional().openapi({ description: 'For operators only' }),
  })
  .openapi('Tenant');
export type TenantView = z.infer<typeof tenant>;

export const tenantList = z
  .object({
    tenants: z.array(tenant),
    nextCursor,
    reason: reason.optional().openapi({
      description: 'With `checkout`: why it led to no tenant, if waiting will not help',
    }),
  })
  .openapi('TenantList');
export type TenantListView = z.infer<typeof tenantList>;

export const planFilter = z
  .string()
  .max(64)
  .regex(/^[\w-]+$/, 'is the id of a plan')
  .optional();

const searched = (emails: string) =>
  `Beginning of an id, owner or subscription${emails}, or a part of a slug or namespace`;

export const tenantQuery = listQuery(['-createdAt', 'createdAt', 'slug', '-slug'], {
  q: search(searched(', for operators also of an e-mail address')),
  product: productId.optional(),
  plan: planFilter,
  phase: z.enum(phases).optional(),
  checkout: z
    .string()
    .max(100)
    .regex(/^[\w-]+$/, 'is the id that POST /v1/checkout answered')
    .optional(),
});

/** The filters of lists of what belongs to tenants. */
export const tenantFilters = {
  q: search(`Of its tenant: ${searched(' or e-mail address').replace('Beginning', 'beginning')}`),
  product: productId.optional(),
  plan: planFilter,
};

export const entry = z
  .object({
    id: z.int(),
    at: time,
    kind: z.string(),
    message: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('TimelineEntry');
export type EntryView = z.infer<typeof entry>;

export const timelineQuery = listQuery(['id', '-id'], {
  q: search('A part of the message'),
  kind: z
    .string()
    .max(100)
    .regex(/^[\w.-]+$/, 'is a kind of entries')
    .optional()
    .openapi({ description: 'A kind, or its beginning up to a dot', example: 'operation' }),
  after: z.coerce
    .number()
    .int()
    .nonnegative()
    .optional()
    .openapi({ description: 'Only entries after the one with this id, like `Last-Event-ID` for events' }),
});

export const timeline = z.object({ entries: z.array(entry), nextCursor }).openapi('Timeline');

export const eventStream = z.string();

export const eventsHeaders = z.object({ 'last-event-id': z.string().optional() });

export const access = z
  .object({ namespace: z.string(), serviceUrl: z.string().nullable(), health: health.nullable() })
  .openapi('Access');
export type AccessView = z.infer<typeof access>;

export const pageConfig = z
  .object({
    issuer: z.url(),
    clientId: z.string(),
    audience: z.string(),
    scope: z.string(),
    local: z.boolean(),
    parts: z
      .record(z.string(), z.string())
      .openapi({ description: 'The addresses of page parts that products bring, by product' }),
  })
  .openapi('PageConfig');
export type PageConfig = z.infer<typeof pageConfig>;
