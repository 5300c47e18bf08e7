/**
 * The shape of a product, for products from outside this tree, which the compiler has not seen. `rules.ts` checks what the
 * parts must agree on.
 */
import { z } from 'zod';
import { beyondMostRights } from './roles.ts';
import {
  type Autoscaling,
  type BudgetRule,
  type ComputeLimits,
  type CreditRule,
  dataIsolations,
  type MeteredDimension,
  maxTerminationGraceSeconds,
  meterSections,
  type NamespaceQuota,
  type NamespaceRule,
  type Objective,
  type PeopleRole,
  type Plan,
  type PlatformEntitlements,
  type Product,
  type ProductAlerts,
  type RoleRule,
  type Runtime,
  type SandboxRule,
  type ScalingPace,
  type Threshold,
  type TypicalMonth,
  tenantFacts,
  type UsageLimit,
} from './types.ts';

/** One schema for each field of the type. */
type Shape<Type> = Record<keyof Type, z.ZodType>;

/** Becomes part of objects' names, of addresses and of Stripe's lookup keys. */
const id = z
  .string()
  .regex(
    /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,29}$/,
    'must be a letter, then lower-case letters, digits, hyphens',
  );
/** Stripe's name of a meter event. */
const meterId = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,99}$/, 'must be a letter, then lower-case letters, digits and underscores');
const name = z.string().trim().min(1).max(100);
const natural = z.int().nonnegative();
const positive = z.int().positive();
const amount = z.number().nonnegative();
const percent = z.int().min(1).max(100);

const pace = z.strictObject({
  pods: positive,
  periodSeconds: positive,
  stabilizationSeconds: natural,
} satisfies Shape<ScalingPace>);

const autoscaling = z
  .strictObject({
    minReplicas: natural,
    maxReplicas: positive,
    cpuUtilizationPercent: percent.optional(),
    memoryUtilizationPercent: percent.optional(),
    scaleDown: pace.optional(),
    scaleUp: pace.optional(),
    recommendsRequests: z.literal(true).optional(),
  } satisfies Shape<Autoscaling>)
  .refine(({ minReplicas, maxReplicas }) => minReplicas <= maxReplicas, {
    path: ['maxReplicas'],
    error: 'must not be below minReplicas',
  });

const price = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('flat'), priceCents: natural, interval: z.literal('month') }),
  z.strictObject({
    kind: z.literal('perSeat'),
    priceCents: natural,
    interval: z.literal('month'),
    maxSeats: positive,
  }),
  z.strictObject({ kind: z.literal('custom') }),
]);

const plan = z
  .strictObject({
    id,
    name,
    price,
    trialDays: positive.optional(),
    features: z.array(z.string()),
    entitlements: z
      .object({
        availabilityBasisPoints: natural.max(10_000).optional(),
        recordingRetentionDays: positive.optional(),
        compliance: z.boolean().optional(),
        rtoMinutes: positive.nullable().optional(),
        rpoMinutes: positive.nullable().optional(),
      } satisfies Shape<PlatformEntitlements>)
      .catchall(z.union([natural, z.boolean(), z.string(), z.array(z.string()), z.null()])),
    compute: z
      .strictObject({ cpuMillis: positive, memoryBytes: positive } satisfies Shape<ComputeLimits>)
      .nullable(),
    volumeBytes: positive.nullable(),
    quota: z.strictObject({
      cpuMillis: natural.optional(),
      memoryBytes: natural.optional(),
      storageBytes: natural.optional(),
      pods: natural.optional(),
      services: natural.optional(),
      persistentVolumeClaims: natural.optional(),
    } satisfies Shape<NamespaceQuota>),
    autoscaling: autoscaling.nullable(),
    warmPods: natural,
    dataIsolation: z.enum(dataIsolations),
    databaseConnections: natural,
    typicalMonth: z.strictObject({
      share: z.number().positive(),
      users: amount,
      podHours: amount,
      objectsGb: amount.optional(),
      recordingsGb: amount.optional(),
      databaseGb: amount,
      egressGb: amount,
      ingressGb: amount,
      requestsThousands: amount,
    } satisfies Shape<TypicalMonth>),
  } satisfies Shape<Plan>)
  .superRefine(({ compute, quota, autoscaling: scaling, warmPods, volumeBytes, ...rest }, check) => {
    const pods = Math.max(scaling?.maxReplicas ?? 1, warmPods);
    const needed = {
      ...(compute && {
        cpuMillis: pods * compute.cpuMillis,
        memoryBytes: pods * compute.memoryBytes,
        pods,
        services: 1,
      }),
      ...(volumeBytes !== null && { storageBytes: volumeBytes, persistentVolumeClaims: 1 }),
    };
    for (const [field, least] of Object.entries(needed))
      if ((quota[field as keyof typeof quota] ?? Number.POSITIVE_INFINITY) < least)
        check.addIssue({
          code: 'custom',
          path: ['quota', field],
          message: `must be at least ${least}: what the plan runs would not fit`,
        });
    if (rest.databaseConnections > 0 !== (rest.dataIsolation !== 'none'))
      check.addIssue({
        code: 'custom',
        path: ['databaseConnections'],
        message: 'must be above 0 where dataIsolation is schema or database, and 0 where it is none',
      });
  });

const meter = z.strictObject({
  id: meterId,
  name,
  unit: name,
  measure: z.discriminatedUnion('from', [
    z.strictObject({ from: z.literal('told'), as: z.enum(['count', 'level', 'peak']) }),
    z.strictObject({
      from: z.enum(['cpu', 'memory', 'storage']),
      as: z.enum(['level', 'second', 'hour', 'month']),
      withLevel: z.string().optional(),
    }),
  ]),
  section: z.enum(meterSections),
  unitPriceMicros: natural.nullable(),
  unitCostMicros: natural.nullable(),
} satisfies Shape<MeteredDimension>);

const threshold = {
  description: name,
  comparison: z.enum(['above', 'below', 'atMost', 'atLeast']),
  value: z.number(),
  unit: name,
  forSeconds: natural,
} satisfies Shape<Threshold>;

/** A label's or an annotation's key. */
const key = z
  .string()
  .regex(/^(?:[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/, {
    error: 'must be the key of a label in Kubernetes',
  })
  .refine((text) => !/(^|\.)(kubernetes\.io|k8s\.io|tenantry\.dev)\//.test(text), {
    error: 'must not be of kubernetes.io, k8s.io or tenantry.dev, whose labels isolate tenants',
  });
const facts = z.record(key, z.enum(tenantFacts)).optional();

const rule = z
  .strictObject({
    apiGroups: z.array(z.string()).min(1),
    resources: z.array(z.string()).min(1),
    verbs: z.array(z.string()).min(1),
  } satisfies Shape<RoleRule>)
  .superRefine((given, context) => {
    for (const right of beyondMostRights(given))
      context.addIssue({
        code: 'custom',
        message: `must not let people ${right}; mostRights in roles.ts is the most that a role can give`,
      });
  });

const namespace = z.strictObject({
  from: z.enum(['tenantId', 'slug']),
  prefix: z
    .string()
    .regex(
      /^[a-z](?:[a-z0-9]|-(?=[a-z0-9])){0,21}-$/,
      'must be lower-case letters, digits and hyphens, the last a hyphen',
    )
    .refine((prefix) => !/^(kube|tenantry)-/.test(prefix), {
      error: 'must not begin with kube- or tenantry-, as namespaces of the platform do',
    }),
  labels: facts,
  annotations: facts,
  people: z.strictObject({
    name: z
      .string()
      .regex(
        /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
        'must be lower-case letters, digits and hyphens, 40 at most',
      ),
    rules: z.array(rule),
  } satisfies Shape<PeopleRole>),
} satisfies Shape<NamespaceRule>);

const port = z.int().min(1).max(65_535);
const path = z.string().startsWith('/');

const runtime = z.strictObject({
  ports: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z](?:[a-z0-9-]{0,13}[a-z0-9])?$/, 'must be a name of at most 15 characters'),
        port,
      }),
    )
    .min(1)
    .refine((ports) => unique(ports.map((each) => each.name)), { error: 'must have names of their own' }),
  scheme: z.enum(['http', 'tcp', 'ws']),
  args: z.array(z.string()),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable'), z.string()),
  volumePath: path.nullable(),
  livePath: path.nullable(),
  readyPath: path.nullable(),
  scratchBytes: positive,
  internetPorts: z.array(port),
  terminationGraceSeconds: natural.max(maxTerminationGraceSeconds),
  readsTenant: z.literal(true).optional(),
} satisfies Shape<Runtime>);

export const productSchema = z.strictObject({
  id,
  name,
  description: z.string().trim().min(1),
  plans: z
    .array(plan)
    .min(1)
    .refine((plans) => unique(plans.map((each) => each.id)), { error: 'must have ids of their own' }),
  meters: z
    .array(meter)
    .refine((meters) => unique(meters.map((each) => each.id)), { error: 'must have ids of their own' }),
  limits: z.array(
    z.strictObject({
      entitlement: name,
      name,
      meters: z.array(z.string()).min(1),
    } satisfies Shape<UsageLimit>),
  ),
  credits: z
    .strictObject({ entitlement: name, creditsPerUse: positive } satisfies Shape<CreditRule>)
    .optional(),
  budget: z
    .strictObject({ entitlement: name, callsKeptDays: positive } satisfies Shape<BudgetRule>)
    .optional(),
  applies: z.array(name).optional(),
  objectives: z.array(z.strictObject({ id: name, ...threshold } satisfies Shape<Objective>)),
  alerts: z.strictObject({
    memory: z.strictObject(threshold).optional(),
  } satisfies Shape<ProductAlerts>),
  namespace,
  sandboxes: z
    .strictObject({
      entitlement: name,
      ports: z.array(port),
      internetPorts: z.array(port),
    } satisfies Shape<SandboxRule>)
    .optional(),
  slotPlan: z.string().nullable(),
  image: z.string().min(1),
  runtime,
} satisfies Shape<Product>);

function unique(names: readonly string[]): boolean {
  return new Set(names).size === names.length;
}
