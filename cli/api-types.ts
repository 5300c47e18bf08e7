/** What the command line reads of the service's answers. Fields that it does not know pass through to `--json`. */
import { z } from 'zod';

const price = z.looseObject({
  kind: z.enum(['flat', 'perSeat', 'custom']),
  priceCents: z.number().nullable(),
  currency: z.string(),
  interval: z.string().nullable(),
});

const plan = z.looseObject({
  id: z.string(),
  name: z.string(),
  price,
  features: z.array(z.string()),
});

const product = z.looseObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  plans: z.array(plan),
  /** What a tenant's namespace is named after: only then does a slug show. */
  namespace: z.looseObject({ from: z.enum(['tenantId', 'slug']) }),
});
export type Product = z.infer<typeof product>;
export type Plan = Product['plans'][number];

export const productList = z.object({ products: z.array(product) });

export const checkout = z.looseObject({ id: z.string(), url: z.string() });

export const phases = [
  'pending',
  'provisioning',
  'active',
  'updating',
  'suspending',
  'suspended',
  'deleting',
  'deleted',
  'failed',
] as const;

const reason = z.looseObject({ code: z.string(), message: z.string() });

export const tenant = z.looseObject({
  id: z.string(),
  product: z.string(),
  plan: z.string(),
  slug: z.string(),
  namespace: z.string(),
  region: z.string(),
  cell: z.string(),
  owner: z.string().nullable(),
  phase: z.string(),
  desired: z.looseObject({ state: z.string(), plan: z.string(), generation: z.number() }),
  observed: z.looseObject({ generation: z.number(), plan: z.string().nullable() }),
  reason: reason.nullable(),
  nextTryAt: z.string().nullable(),
  subscription: z
    .looseObject({
      id: z.string(),
      status: z.string(),
      currentPeriodEnd: z.string().nullable(),
      cancelAtPeriodEnd: z.boolean(),
    })
    .nullable(),
  outputs: z
    .looseObject({
      serviceUrl: z.string().nullable(),
      database: z
        .looseObject({ name: z.string().nullable(), schema: z.string(), role: z.string() })
        .nullable(),
      objects: z.array(z.looseObject({ kind: z.string(), name: z.string() })),
    })
    .nullable(),
  createdAt: z.string(),
  requestedAt: z.string().nullable(),
  activeAt: z.string().nullable(),
  deleteAfter: z.string().nullable(),
  /** What an operator may know of a failure. */
  cause: z.string().nullable().optional(),
});
export type Tenant = z.infer<typeof tenant>;

export const tenantList = z.object({
  tenants: z.array(tenant),
  nextCursor: z.string().nullable(),
  /** Why a checkout led to no tenant. */
  reason: reason.optional(),
});

export const entry = z.looseObject({
  id: z.number(),
  at: z.string(),
  kind: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type Entry = z.infer<typeof entry>;

export const entryList = z.object({ entries: z.array(entry) });

/** RFC 9457, also where something in between answered and half of it is missing. */
export const problemDetails = z.looseObject({
  code: z.string().optional(),
  title: z.string().optional(),
  detail: z.string().optional(),
});
