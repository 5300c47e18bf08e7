import { z } from '@hono/zod-openapi';
import { offboardingSteps } from '../../automation/offboarding/index.ts';
import { phases } from '../../automation/store/tenants.ts';
import { listQuery, nextCursor } from './page.ts';
import { tenantFilters, tenantParams } from './tenant.ts';

/** Answers about exports, a tenant's end and its receipt. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });

export const offboarding = z
  .object({
    tenantId: z.string(),
    begunAt: time,
    finishedAt: time.nullable().openapi({ description: 'When the receipt was signed' }),
    problem: z.string().nullable().openapi({ description: 'What it waits for' }),
    cause: z.string().nullable().openapi({ description: 'Why, for operators' }),
    nextTryAt: time.nullable(),
    steps: z.array(
      z.object({
        step: z.enum(offboardingSteps),
        state: z.enum(['waiting', 'begun', 'ended']),
        attempts: z.int(),
        startedAt: time.nullable(),
        finishedAt: time.nullable(),
      }),
    ),
  })
  .openapi('Offboarding');
export type OffboardingView = z.infer<typeof offboarding>;

export const offboardingQuery = listQuery(['begunAt', '-begunAt'], {
  ...tenantFilters,
  phase: z.enum(phases).optional(),
  state: z
    .enum(['open', 'finished'])
    .default('open')
    .openapi({ description: '`finished`: the receipt is signed' }),
});

export const offboardingList = z
  .object({ offboardings: z.array(offboarding), nextCursor })
  .openapi('OffboardingList');

const exportReason = z.enum(['request', 'offboarding']);
const exportState = z.enum(['pending', 'ready', 'expired']);

export const exportQuery = listQuery(['-id', 'id'], {
  reason: exportReason.optional(),
  state: exportState.optional(),
});

export const tenantExport = z
  .object({
    id: z.int(),
    reason: exportReason,
    state: exportState,
    requestedAt: time,
    finishedAt: time.nullable(),
    bytes: z.int().nullable(),
    tables: z.int().nullable(),
    rows: z.int().nullable(),
    sha256: z.string().nullable().openapi({ description: 'Of the file, in hexadecimal' }),
    expiresAt: time.nullable(),
    problem: z.string().nullable(),
  })
  .openapi('TenantExport');
export type TenantExportView = z.infer<typeof tenantExport>;

export const tenantExportList = z
  .object({ exports: z.array(tenantExport), nextCursor })
  .openapi('TenantExportList');

export const exportParams = tenantParams.extend({
  export: z.coerce
    .number()
    .int()
    .positive()
    .max(Number.MAX_SAFE_INTEGER)
    .openapi({ param: { name: 'export', in: 'path' } }),
});

export const exportFile = z.string().openapi({ format: 'binary' });

export const signedReceiptView = z
  .object({
    receipt: z.looseObject({ format: z.string(), keyId: z.string() }),
    signature: z.object({ algorithm: z.literal('Ed25519'), value: z.string() }),
  })
  .openapi('Receipt');

export const receiptKeys = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), crv: z.string(), x: z.string(), kid: z.string() })),
});
