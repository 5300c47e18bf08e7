import { changeTenant } from '../followers.ts';
import { keepContainerKey } from '../keys/index.ts';
import { retryDelayMs } from '../policy.ts';
import { classifyFailure, type OperationResult } from '../stacks/index.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import { fenced, type Lease } from '../store/leases.ts';
import { failOperation, type SettledOperation, settleOperation } from '../store/operations.ts';
import { findTenant, type Tenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { type Operate, phaseAfterFailure } from './next-step.ts';

type Settled = Pick<
  Extract<OperationResult, { outcome: 'succeeded' }>,
  'outputs' | 'changes' | 'durationMs'
> &
  Pick<SettledOperation, 'applied'> & {
    /** What the entry says; default: how many resources changed. */
    readonly message?: string;
  };

/** Records that the desired state is already the observed one, without an operation. */
export function settleUnchanged(context: JobContext, lease: Lease, tenant: Tenant): Promise<void> {
  return settle(context, lease, tenant, { outputs: null, changes: {}, durationMs: 0 }, 0);
}

const settledPhase = { active: 'active', suspended: 'suspended', deleted: 'deleted' } as const;

/** Records a successful operation. */
export async function settle(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  result: Settled,
  durationMs: number,
): Promise<void> {
  const state = tenant.desiredState;
  const about = { tenantId: tenant.id, subscriptionId: tenant.subscriptionId };
  await context.database.transaction(async (client) => {
    await fenced(client, lease);
    // Its desired state and its owner may have changed since the caller read it.
    const before = await findTenant(client, tenant.id, { lock: true });
    await changeTenant(client, context, before, (db) =>
      settleOperation(db, lease, {
        phase: settledPhase[state],
        state,
        spec: tenant.desiredSpec,
        generation: tenant.desiredGeneration,
        outputs: state === 'deleted' ? null : (result.outputs ?? tenant.outputs),
        ...('applied' in result && { applied: result.applied }),
      }),
    );
    // A key that was revoked meanwhile stays revoked: the container gets the next one.
    const { apiKeyRenewals } = tenant.desiredSpec;
    if (result.outputs?.apiKey && before?.desiredSpec.apiKeyRenewals === apiKeyRenewals)
      await keepContainerKey(client, tenant.id, result.outputs.apiKey);
    const entries: NewAuditEntry[] = [
      {
        ...about,
        kind: 'operation.succeeded',
        message: result.message ?? describeChanges(result.changes),
        data: {
          changes: result.changes,
          durationMs,
          engineMs: result.durationMs,
          generation: tenant.desiredGeneration,
        },
      },
    ];
    if (state !== tenant.observedState) {
      entries.push({ ...about, kind: `tenant.${state}`, message: stateMessages[state], data: {} });
    }
    await record(client, ...entries);
  });
}

const stateMessages = {
  active: 'The tenant is active',
  suspended: 'The tenant is suspended: compute is at zero, its data is kept',
  deleted: 'The tenant is deleted: nothing of it is left',
};

/** For example "Resources: 18 created, 1 updated". */
function describeChanges(changes: Readonly<Record<string, number>>): string {
  const words: Record<string, string> = {
    create: 'created',
    update: 'updated',
    delete: 'deleted',
    replace: 'replaced',
  };
  const parts = Object.entries(words).flatMap(([operation, word]) => {
    const count = changes[operation];
    return count ? [`${count} ${word}`] : [];
  });
  return parts.length > 0 ? `Resources: ${parts.join(', ')}` : 'Nothing had to change';
}

/** Records why an operation failed, for the tenant and for the operator, and when it is tried again. */
export async function fail(
  { database, policy, now, log }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Operate,
  result: Exclude<OperationResult, { outcome: 'succeeded' }>,
): Promise<void> {
  const failure = classifyFailure(result);
  const attempts = tenant.attempts + 1;
  // A worker that is stopping hands over at once. Every other failure waits a little longer each time.
  const delayMs =
    result.outcome === 'killed' && result.why === 'stopped' ? 0 : retryDelayMs(policy, tenant.attempts);
  const nextTryAt = failure.permanent ? null : new Date(now().getTime() + delayMs);
  log.warn(
    { tenant: tenant.id, operation: step.operation, code: failure.code, cause: failure.cause },
    'operation failed',
  );
  await database.transaction(async (client) => {
    await failOperation(client, lease, {
      generation: tenant.desiredGeneration,
      phase: phaseAfterFailure(step.phase, { permanent: failure.permanent, attempts }),
      reasonCode: failure.code,
      reasonMessage: failure.message,
      cause: failure.cause,
      permanent: failure.permanent,
      nextTryAt,
      unsettled: result.outcome === 'killed' || !result.stateComplete,
    });
    const about = { tenantId: tenant.id, subscriptionId: tenant.subscriptionId };
    await record(
      client,
      {
        ...about,
        kind: 'operation.failed',
        message: failure.message,
        data: { code: failure.code, permanent: failure.permanent, attempt: attempts, nextTryAt },
      },
      {
        ...about,
        kind: 'operation.cause',
        message: failure.cause,
        data: { operation: step.operation, durationMs: result.durationMs },
        audience: 'operator',
      },
    );
  });
}
