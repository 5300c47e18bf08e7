import { z } from '@hono/zod-openapi';
import { findingStates, kindNames } from '../../automation/reconcile/index.ts';
import { productId } from '../../tenants/product-id.ts';
import { listQuery, nextCursor, search } from './page.ts';
import { tenantId } from './tenant.ts';

/** Requests and answers about the reconciler's findings. */

const time = z.iso.datetime();

export const finding = z
  .object({
    id: z.int(),
    key: z.string().openapi({ description: 'Identifies the disagreement whenever it comes back' }),
    kind: z.string(),
    subject: z.string(),
    tenantId: z.string().nullable(),
    subscriptionId: z.string().nullable(),
    cause: z.string(),
    action: z.string().openapi({ description: 'What is done about it, or what an operator should do' }),
    state: z.enum(findingStates),
    canApprove: z.boolean(),
    ageSeconds: z.int(),
    firstSeenAt: time,
    lastSeenAt: time,
    looks: z.int(),
    heals: z.int().openapi({ description: 'How often healing was tried' }),
    decidedBy: z.string().nullable(),
    decidedAt: time.nullable(),
    note: z.string().nullable(),
    endedAt: time.nullable(),
  })
  .openapi('Finding');
export type FindingView = z.infer<typeof finding>;

export const findingList = z.object({ findings: z.array(finding), nextCursor }).openapi('FindingList');

export const findingsQuery = listQuery(['-id', 'id'], {
  q: search('A part of the subject, or the beginning of a key, a tenant or a subscription'),
  product: productId.optional().openapi({ description: 'The product of its tenant' }),
  kind: z.enum(kindNames).optional(),
  state: z.enum(findingStates).optional(),
  tenant: tenantId.optional(),
  ended: z.enum(['true', 'false']).default('false'),
});

export const findingParams = z.object({ id: z.string().regex(/^\d{1,15}$/, 'is a number') });

export const decisionBody = z.strictObject({ note: z.string().min(1).max(1000).optional() });

export const reconciliation = z
  .object({
    area: z.string(),
    asked: z.int(),
    answered: z.int(),
    startedAt: time.nullable(),
    completedAt: time.nullable(),
    durationMs: z.int().nullable(),
    looked: z.record(z.string(), z.object({ calls: z.int(), items: z.int() })),
    failure: z.string().nullable(),
  })
  .openapi('Reconciliation');

export const reconciliations = z.object({ areas: z.array(reconciliation) }).openapi('Reconciliations');

export const reconcileBody = z.strictObject({
  dryRun: z.boolean().default(false).openapi({ description: 'Look and tell, and heal nothing' }),
});
