import { hostname } from 'node:os';
import { declaresTheSame } from '../../tenants/same.ts';
import { classifyFailure } from '../stacks/failure.ts';
import { driftBetween } from '../stacks/fingerprint.ts';
import { endProcessGroup, processStarted } from '../stacks/process-group.ts';
import type { OperationRequest, OperationResult } from '../stacks/protocol.ts';
import type { Runner } from '../stacks/runners.ts';
import { type NewAuditEntry, record } from '../store/audit.ts';
import {
  type Lease,
  LeaseLost,
  type LeaseProcess,
  noteLeaseProcess,
  releaseLease,
  renewLease,
  takeLease,
} from '../store/leases.ts';
import {
  beginOperation,
  failOperation,
  findTenant,
  isNamespaceHeld,
  postpone,
  ringTenant,
  type StackSettings,
  settleOperation,
  type Tenant,
  writeFingerprint,
  writeStackSettings,
} from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { nextStep, operationFor, phaseAfterFailure, type Step } from './next-step.ts';
import { permitMs, renewEveryMs, retryDelayMs } from './policy.ts';

/*
 * The one hard state machine.
 *
 * A tenant has a desired generation, raised by whoever wants something of it, and an observed generation, written
 * here once the engine has done what that generation asks for. This job makes them equal. It is rung for every
 * cause, any number of times, on any replica; the following keeps it right.
 *
 * - The lease. Whoever converges a tenant holds its lease, renews it three times per life, and writes only under its
 *   fence. Somebody who finds it taken leaves: the holder looks again before it gives the lease back.
 * - The permit. An engine runs in a runner process, which may write only while its permit lasts, and kills itself
 *   when it runs out. The permit is prolonged with each renewal and ends before the lease does. So when a lease has
 *   run out, its engine is dead, also when its worker was stopped, cut off or killed. On the same host the next
 *   holder makes sure by killing the process group it finds noted in the lease.
 * - `unsettled`. It is set before the engine begins and cleared with its result. When it is found set, an engine was
 *   killed in mid-operation and its state may lack what it made. An update then simply runs again, as providers
 *   adopt what carries the tenant's label. A deletion first runs an update, so that the state knows all there is to
 *   delete.
 * - "Deleted" is not believed but looked up in cluster and database.
 */

/** Makes one tenant what it should be; returns when it is, when it must wait, or when somebody else is at it. */
export async function convergeTenant(context: JobContext, tenantId: string): Promise<void> {
  const { database, policy, workerId } = context;
  const lease = await takeLease(database, tenantId, {
    holder: workerId,
    host: hostname(),
    ttlMs: policy.leaseTtlMs,
  });
  if (!lease) return;
  try {
    if (lease.previous) await endPreviousHolder(lease.previous);
    while ((await convergeOnce(context, lease)) === 'again');
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    context.log.warn({ tenant: tenantId, holder: workerId }, 'lost the lease; nothing more was written');
  } finally {
    await releaseLease(database, lease);
  }
  await ringIfMoved(context, tenantId);
}

/** Somebody may have raised the generation between our last look and the release, and found the lease taken. */
async function ringIfMoved({ database, now }: JobContext, tenantId: string): Promise<void> {
  const tenant = await findTenant(database, tenantId);
  if (!tenant) return;
  const step = nextStep(tenant, now());
  if (step.kind === 'operate') await ringTenant(database, tenant);
  if (step.kind === 'wait') await ringTenant(database, tenant, { at: step.until });
}

async function endPreviousHolder(previous: LeaseProcess): Promise<void> {
  const { host, processGroup, processStarted: started } = previous;
  if (host !== hostname() || processGroup === null) return;
  // The group's leader may be gone while its engine lives; a leader of another start time is another process.
  const leader = processStarted(processGroup);
  if (leader === null || leader === started) await endProcessGroup(processGroup);
}

async function convergeOnce(context: JobContext, lease: Lease): Promise<'again' | 'done'> {
  const tenant = await findTenant(context.database, lease.tenantId);
  if (!tenant) return 'done';
  const step = nextStep(tenant, context.now());
  switch (step.kind) {
    case 'stuck':
    case 'wait':
      return 'done';
    case 'settled':
      return mendDrift(context, lease, tenant);
    case 'operate':
      if (await mustWaitForName(context, lease, tenant, step)) return 'done';
      if (needsNoEngine(tenant)) {
        await settle(context, lease, tenant, nothingChanged, 0);
        return 'again';
      }
      return operate(context, lease, tenant, step, { refresh: false });
  }
}

/** Compares the cluster with what was applied; starts an operation only when something differs. */
async function mendDrift(context: JobContext, lease: Lease, tenant: Tenant): Promise<'again' | 'done'> {
  if (!tenant.outputs || tenant.phase === 'deleted') return 'done';
  const live = await context.fingerprints.read({ id: tenant.id, outputs: tenant.outputs });
  const drifted = tenant.fingerprint ? driftBetween(tenant.fingerprint, live) : [];
  await context.database.transaction(async (client) => {
    await writeFingerprint(client, lease, drifted.length > 0 ? {} : live);
    if (drifted.length === 0) return;
    await record(client, {
      tenantId: tenant.id,
      kind: 'tenant.drifted',
      message: `Somebody changed ${drifted.length === 1 ? 'an object' : `${drifted.length} objects`} of the tenant`,
      data: { objects: drifted },
      audience: 'operator',
    });
  });
  if (drifted.length === 0) return 'done';
  return operate(context, lease, tenant, operationFor(tenant), { refresh: true });
}

/** The last operation did all that it should, and what is wanted now declares the same resources. */
function needsNoEngine(tenant: Tenant): boolean {
  const { observedSpec, desiredSpec, unsettled, reasonCode } = tenant;
  return (
    observedSpec !== null &&
    !unsettled &&
    reasonCode === null &&
    tenant.observedState === tenant.desiredState &&
    tenant.desiredState !== 'deleted' &&
    declaresTheSame(observedSpec, desiredSpec)
  );
}

const nothingChanged = {
  outcome: 'succeeded',
  outputs: null,
  stackSettings: null,
  changes: {},
  durationMs: 0,
} as const satisfies OperationResult;

/** A tenant that is being deleted may still hold the namespace that a new one wants. */
async function mustWaitForName(
  { database, now }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Step & { kind: 'operate' },
): Promise<boolean> {
  if (step.phase !== 'provisioning' || !(await isNamespaceHeld(database, tenant, tenant.id))) return false;
  const nextTryAt = new Date(now().getTime() + 1000);
  await database.transaction((client) =>
    postpone(client, lease, {
      reasonCode: 'name_being_freed',
      reasonMessage:
        'An earlier tenant of the same name is still being deleted; this one starts right after.',
      nextTryAt,
    }),
  );
  return true;
}

async function operate(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Step & { kind: 'operate' },
  options: { refresh: boolean },
): Promise<'again' | 'done'> {
  const { database, policy } = context;
  const startedAt = performance.now();
  await database.transaction(async (client) => {
    await beginOperation(client, lease, { phase: step.phase, unsettled: true });
    await record(client, {
      tenantId: tenant.id,
      subscriptionId: tenant.subscriptionId,
      kind: 'operation.started',
      message: startMessages[step.phase] ?? 'Working on the tenant',
      data: {
        operation: step.operation,
        generation: tenant.desiredGeneration,
        refresh: options.refresh,
        attempt: tenant.attempts + 1,
        worker: context.workerId,
      },
    });
  });

  const result = await withRunner(context, lease, async (runner, renewed) => {
    const run = (request: OperationRequest) =>
      runner.run(request, {
        timeoutMs: request.kind === 'destroy' ? policy.destroyTimeoutMs : policy.operationTimeoutMs,
        permitMs: Math.max(1, permitMs(policy) - (performance.now() - renewed())),
      });
    return step.operation === 'up'
      ? update(context, lease, tenant, run, options.refresh)
      : destroy(context, lease, tenant, run);
  });

  if (result.outcome === 'succeeded') {
    await settle(context, lease, tenant, result, Math.round(performance.now() - startedAt));
    return 'again';
  }
  await fail(context, lease, tenant, step, result);
  return 'done';
}

const startMessages: Partial<Record<Tenant['phase'], string>> = {
  provisioning: 'Provisioning began',
  updating: 'Update began',
  suspending: 'Suspending began',
  deleting: 'Deletion began',
};

type Run = (request: OperationRequest) => Promise<OperationResult>;

async function update(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  run: Run,
  refresh: boolean,
): Promise<OperationResult> {
  const initialised = await initialisedStack(context, lease, tenant, run);
  if ('outcome' in initialised) return initialised;
  return run({ kind: 'up', spec: tenant.desiredSpec, stackSettings: initialised.stackSettings, refresh });
}

async function destroy(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  run: Run,
): Promise<OperationResult> {
  const spec = tenant.observedSpec ?? tenant.desiredSpec;
  if (tenant.unsettled) {
    // The state may lack what an interrupted operation made: adopt it, then delete.
    const adopted = await update(context, lease, { ...tenant, desiredSpec: spec }, run, true);
    if (adopted.outcome === 'killed') return adopted;
  }
  const initialised = await initialisedStack(context, lease, tenant, run);
  if ('outcome' in initialised) return initialised;
  const result = await run({ kind: 'destroy', spec, stackSettings: initialised.stackSettings });
  if (result.outcome !== 'succeeded') return result;
  const remains = await context.fingerprints.remains(spec);
  if (remains.length === 0) return result;
  return {
    outcome: 'failed',
    cause: `still being deleted: ${remains.join(', ')}`,
    durationMs: result.durationMs,
    stateComplete: false,
  };
}

/** The settings of the tenant's stack, which is initialised first unless that was done ahead of need. */
async function initialisedStack(
  { database }: JobContext,
  lease: Lease,
  tenant: Tenant,
  run: Run,
): Promise<{ stackSettings: StackSettings } | OperationResult> {
  if (tenant.stackSettings) return { stackSettings: tenant.stackSettings };
  const result = await run({ kind: 'init', tenantId: tenant.id });
  if (result.outcome !== 'succeeded' || !result.stackSettings) return result;
  const { stackSettings } = result;
  await database.transaction((client) => writeStackSettings(client, lease, stackSettings));
  return { stackSettings };
}

/** Reserves a runner, notes it in the lease, and keeps lease and permit alive while the work lasts. */
async function withRunner(
  { database, policy, runners, log }: JobContext,
  lease: Lease,
  work: (runner: Runner, renewedAt: () => number) => Promise<OperationResult>,
): Promise<OperationResult> {
  let renewedAt = performance.now();
  let runner: Runner | null = null;
  let lost = false;
  const renew = async () => {
    const askedAt = performance.now();
    const renewed = await renewLease(database, lease, policy.leaseTtlMs).catch((error: unknown) => {
      log.warn({ tenant: lease.tenantId, error }, 'a lease could not be renewed');
      return null;
    });
    if (renewed === false) {
      lost = true;
      runner?.kill('lease-lost');
    } else if (renewed) {
      renewedAt = askedAt;
      runner?.permit(permitMs(policy));
    }
  };
  const renewal = setInterval(() => void renew(), renewEveryMs(policy));
  try {
    runner = await runners.acquire();
    // Waiting for a runner may have taken long.
    await renew();
    if (lost || !(await noteLeaseProcess(database, lease, runner.process)))
      throw new LeaseLost(lease.tenantId);
    return await work(runner, () => renewedAt);
  } finally {
    clearInterval(renewal);
    runner?.release();
  }
}

const settledPhase = { active: 'active', suspended: 'suspended', deleted: 'deleted' } as const;

async function settle(
  { database }: JobContext,
  lease: Lease,
  tenant: Tenant,
  result: Extract<OperationResult, { outcome: 'succeeded' }>,
  durationMs: number,
): Promise<void> {
  const state = tenant.desiredState;
  const about = { tenantId: tenant.id, subscriptionId: tenant.subscriptionId };
  await database.transaction(async (client) => {
    await settleOperation(client, lease, {
      phase: settledPhase[state],
      state,
      spec: tenant.desiredSpec,
      generation: tenant.desiredGeneration,
      outputs: state === 'deleted' ? null : (result.outputs ?? tenant.outputs),
      engineRan: result !== nothingChanged,
    });
    const entries: NewAuditEntry[] = [
      {
        ...about,
        kind: 'operation.succeeded',
        message: describeChanges(result.changes),
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

/** For example "18 objects created, 1 updated". */
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

async function fail(
  { database, policy, now, log }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Step & { kind: 'operate' },
  result: Exclude<OperationResult, { outcome: 'succeeded' }>,
): Promise<void> {
  const failure = classifyFailure(result);
  const attempts = tenant.attempts + 1;
  // A worker that is being stopped hands over at once; everything else waits a little longer each time.
  const delayMs =
    result.outcome === 'killed' && result.why === 'stopped' ? 0 : retryDelayMs(policy, tenant.attempts);
  const nextTryAt = failure.permanent ? null : new Date(now().getTime() + delayMs);
  log.warn(
    { tenant: tenant.id, operation: step.operation, code: failure.code, cause: failure.cause },
    'operation failed',
  );
  await database.transaction(async (client) => {
    await failOperation(client, lease, {
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
