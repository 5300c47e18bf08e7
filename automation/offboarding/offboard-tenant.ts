import type { Logger } from 'pino';
import { forgetConsumers } from '../metering/index.ts';
import { type Policy, retryDelayMs } from '../policy.ts';
import type { Cell } from '../store/cells.ts';
import type { Database } from '../store/database.ts';
import { firstPage } from '../store/pages.ts';
import { findTenant, type Tenant } from '../store/tenants.ts';
import { withTurn } from '../store/turns.ts';
import { listExports } from './exports.ts';
import {
  type BegunStep,
  beginDestroy,
  beginStep,
  findOffboarding,
  finishOffboarding,
  finishStep,
  listSubscriptionsEver,
  noteStepFailure,
  type Offboarding,
  type OffboardingStep,
  StepTakenOver,
} from './journal.ts';
import type { Sight } from './look/sight.ts';
import { nextOffboardingStep } from './next-step.ts';
import {
  type Area,
  type AreaCheck,
  areas,
  type BackupLine,
  type ExportLine,
  signReceipt,
} from './receipt.ts';
import { receiptOf, stepResults } from './receipt-body.ts';
import { insertReceipt, publishReceiptKey } from './receipts.ts';
import type { SigningKey } from './signing-key.ts';
import { BackupUnderWay } from './volume-backup.ts';

/**
 * The end of a tenant: export, backup, destroy, verify, receipt.
 *
 * - The journal (`journal.ts`) has a row for each step, written before it begins and after it ends. A worker that takes up a
 *   tenant's end begins the first step that has not ended again; every step is safe to repeat.
 * - A turn keeps two workers from doing a step at once. A worker that was paused past its turn holds an old number of the
 *   step's attempt, so it can no longer end the step and writes nothing.
 * - Only the ordinary job destroys (`jobs/converge-tenant.ts`). It asks the journal first and goes on once `destroy` has
 *   begun. This job records the end when the tenant's row says `deleted`.
 * - The sweep finds what was lost: open journals that no worker is working on.
 */

/** How the steps act on the world. */
export interface OffboardingSteps {
  exportData(tenant: Tenant): Promise<ExportLine>;
  backUp(tenant: Tenant): Promise<BackupLine>;
  /** Deletes what the tenant's product keeps about its people. */
  erase(tenant: Tenant): Promise<void>;
  /** Looks for remains of the tenant in one area. */
  look(
    area: Area,
    tenant: Tenant,
    subscriptions: readonly string[],
  ): Promise<Sight & { customers?: readonly string[] }>;
}

export interface OffboardingContext {
  readonly database: Database;
  readonly cell: Cell;
  readonly policy: Pick<Policy, 'leaseTtlMs' | 'retryBaseMs'>;
  readonly log: Logger;
  readonly workerId: string;
  readonly now: () => Date;
  readonly key: SigningKey;
  readonly steps: OffboardingSteps;
}

/** Brings a tenant's end as far as it can go now. */
export async function offboardTenant(context: OffboardingContext, tenantId: string): Promise<void> {
  const { database, workerId, policy } = context;
  const turn = { name: `offboard:${tenantId}`, holder: workerId, ttlMs: policy.leaseTtlMs };
  for (;;) {
    const done = await withTurn(database, turn, () => takeSteps(context, tenantId));
    // When another worker has the turn, it looks once more before it leaves. So do we, because jobs that were rung
    // meanwhile found the turn taken and left.
    if (!done || !(await isReady(context, tenantId))) return;
  }
}

async function takeSteps(context: OffboardingContext, tenantId: string): Promise<boolean> {
  try {
    while ((await takeStep(context, tenantId)) === 'again');
    return true;
  } catch (error) {
    if (!(error instanceof StepTakenOver)) throw error;
    context.log.warn({ tenant: tenantId, holder: context.workerId }, error.message);
    return false;
  }
}

async function isReady({ database, now }: OffboardingContext, tenantId: string): Promise<boolean> {
  const [journal, tenant] = [await findOffboarding(database, tenantId), await findTenant(database, tenantId)];
  if (!journal || !tenant) return false;
  const { kind } = nextOffboardingStep(journal, tenant, now());
  return kind !== 'wait' && kind !== 'finished';
}

async function takeStep(context: OffboardingContext, tenantId: string): Promise<'again' | 'done'> {
  const { database, now } = context;
  const [journal, tenant] = [await findOffboarding(database, tenantId), await findTenant(database, tenantId)];
  if (!journal || !tenant) return 'done';
  const next = nextOffboardingStep(journal, tenant, now());
  switch (next.kind) {
    case 'finished':
    case 'wait':
      return 'done';
    case 'begin-destroy':
      await beginDestroy(database, tenant);
      return 'again';
    case 'end-destroy': {
      const attempt = journal.steps.find(({ step }) => step === 'destroy')?.attempt ?? 1;
      await finishStep(
        database,
        { tenantId, step: 'destroy', attempt },
        { generation: tenant.observedGeneration },
      );
      return 'again';
    }
    case 'run':
      return runStep(context, journal, tenant, next.step);
  }
}

async function runStep(
  context: OffboardingContext,
  journal: Offboarding,
  tenant: Tenant,
  step: Exclude<OffboardingStep, 'destroy'>,
): Promise<'again' | 'done'> {
  const { database, policy, now, log } = context;
  const begun = await beginStep(database, tenant.id, step);
  try {
    await work[step](context, begun, journal, tenant);
    return 'again';
  } catch (error) {
    if (error instanceof StepTakenOver) throw error;
    const cause = error instanceof Error ? error.message : String(error);
    log.warn({ tenant: tenant.id, step, cause }, 'a step of an offboarding failed');
    const underWay = error instanceof BackupUnderWay;
    const delayMs = underWay
      ? backupLookMs
      : retryDelayMs({ ...policy, retryMaxMs: patienceMs }, journal.attempts);
    await noteStepFailure(database, begun, {
      problem: underWay ? 'Its volumes are being backed up.' : problems[step],
      cause,
      nextTryAt: new Date(now().getTime() + delayMs),
    });
    return 'done';
  }
}

/** Backing up volumes takes minutes. */
const backupLookMs = 15_000;

/** What a person must settle, such as an open invoice, takes days. */
const patienceMs = 6 * 3_600_000;

/** What a customer reads while a step is retried; operators read the cause. */
const problems: Record<Exclude<OffboardingStep, 'destroy'>, string> = {
  export: 'The export failed; nothing is deleted before it succeeds. We try again.',
  backup: 'The backup failed; nothing is deleted before it succeeds. We try again.',
  verify: 'Not everything of it is gone or settled yet. We check again.',
  receipt: 'The receipt could not be signed yet. We try again.',
};

type Work = (
  context: OffboardingContext,
  begun: BegunStep,
  journal: Offboarding,
  tenant: Tenant,
) => Promise<void>;

const work: Record<Exclude<OffboardingStep, 'destroy'>, Work> = {
  export: async ({ database, steps }, begun, _journal, tenant) =>
    finishStep(database, begun, await steps.exportData(tenant)),
  backup: async ({ database, steps }, begun, _journal, tenant) =>
    finishStep(database, begun, await steps.backUp(tenant)),
  verify: verifyGone,
  receipt: issueReceipt,
};

/** Something of the tenant still exists. */
class StillThere extends Error {
  override readonly name = 'StillThere';
}

async function verifyGone(
  { database, steps, now }: OffboardingContext,
  begun: BegunStep,
  _journal: Offboarding,
  tenant: Tenant,
): Promise<void> {
  await steps.erase(tenant);
  const subscriptions = await listSubscriptionsEver(database, tenant.id);
  const checks: AreaCheck[] = [];
  const remains: string[] = [];
  const customers: string[] = [];
  for (const area of areas) {
    const sight = await steps.look(area, tenant, subscriptions);
    remains.push(...sight.remains.map((what) => `${area}: ${what}`));
    customers.push(...(sight.customers ?? []));
    const { looked, places, notes } = sight;
    checks.push({
      area,
      checkedAt: now().toISOString(),
      looked: [...looked],
      places,
      found: 0,
      notes: [...notes],
    });
  }
  if (remains.length > 0) throw new StillThere(`still there: ${remains.join('; ')}`);
  const made = await listExports(database, tenant.id, {}, firstPage(100, 'id'));
  const exports = made.flatMap(({ file, expiresAt, removedAt }) =>
    file && expiresAt && !removedAt ? [{ file, keptUntil: expiresAt.toISOString() }] : [],
  );
  await finishStep(database, begun, { checks, customers, subscriptions, exports });
}

async function issueReceipt(
  { database, key, now }: OffboardingContext,
  begun: BegunStep,
  journal: Offboarding,
  tenant: Tenant,
): Promise<void> {
  const issuedAt = now();
  const document = signReceipt(receiptOf(tenant, stepResults(journal.steps), issuedAt), key);
  const result = { keyId: key.id, issuedAt: issuedAt.toISOString() };
  await finishStep(database, begun, result, async (client) => {
    await publishReceiptKey(client, { id: key.id, publicKey: key.publicKey });
    await insertReceipt(client, { tenantId: tenant.id, keyId: key.id, issuedAt, document });
    await forgetConsumers(client, tenant.id);
    await finishOffboarding(client, tenant.id);
  });
}
