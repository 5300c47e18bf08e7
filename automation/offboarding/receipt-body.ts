/** Makes the content of a receipt from the journal of a tenant's end. Pure. */
import { z } from 'zod';
import type { Tenant } from '../store/tenants.ts';
import type { StepRecord } from './journal.ts';
import { type ReceiptBody, receiptBody } from './receipt.ts';

const verified = z.object({
  checks: receiptBody.shape.checks,
  customers: z.array(z.string()),
  subscriptions: z.array(z.string()),
  /** Exports of its data that still exist, requested ones and the last one. */
  exports: z.array(z.object({ file: z.string(), keptUntil: z.string() })),
});

export interface StepResults {
  readonly steps: ReceiptBody['steps'];
  readonly export: ReceiptBody['export'];
  readonly backup: ReceiptBody['backup'];
  readonly verified: z.infer<typeof verified>;
}

/**
 * The results of steps, from the journal.
 * @throws Error when a step has not ended or has another kind of result
 */
export function stepResults(records: readonly StepRecord[]): StepResults {
  const ended = (name: StepRecord['step']) => {
    const found = records.find(({ step }) => step === name);
    if (!found?.finishedAt || !found.result) throw new Error(`the step ${name} has not ended`);
    return { ...found, finishedAt: found.finishedAt, result: found.result };
  };
  const names = ['export', 'backup', 'destroy', 'verify'] as const;
  return {
    steps: names.map((step) => {
      const { attempt, startedAt, finishedAt } = ended(step);
      return {
        step,
        attempts: attempt,
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
      };
    }),
    export: receiptBody.shape.export.parse(ended('export').result),
    backup: receiptBody.shape.backup.parse(ended('backup').result),
    verified: verified.parse(ended('verify').result),
  };
}

/** The receipt without the key that signs it. */
export function receiptOf(
  tenant: Tenant,
  results: StepResults,
  issuedAt: Date,
): Omit<ReceiptBody, 'format' | 'keyId'> {
  const { subscriptions, checks } = results.verified;
  const { id, product, slug, namespace, cell } = tenant;
  return {
    issuedAt: issuedAt.toISOString(),
    tenant: {
      id,
      product,
      plan: tenant.desiredSpec.plan,
      slug,
      namespace,
      cell,
      region: tenant.desiredSpec.region,
      createdAt: tenant.createdAt.toISOString(),
      activeAt: tenant.activeAt?.toISOString() ?? null,
      subscriptions,
    },
    steps: results.steps,
    export: results.export,
    backup: results.backup,
    checks,
    kept: keptOf(results),
  };
}

function keptOf({ backup, verified: { customers, exports } }: StepResults): string[] {
  return [
    ...customers.map(
      (id) => `Stripe customer ${id} with its paid invoices: accounts must be kept as long as tax law says`,
    ),
    'the audit trail, the ledger and this journal of the control plane: the evidence of what was paid and done',
    'events of webhooks about it, for 30 days: they hold ids; addresses of an organization without another tenant, only until what holds them is delivered or given up',
    'reservations of its use, for 35 days: they hold ids and amounts',
    ...exports.map(({ file, keptUntil }) => `the export ${file}, until ${keptUntil}`),
    ...(backup.made
      ? [`the backup ${backup.name}${backup.keptUntil ? `, until ${backup.keptUntil}` : ''}`]
      : []),
    "the platform's regular backups of cluster and database hold what they held until they expire",
  ];
}
