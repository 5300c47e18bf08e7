import { declaresTheSame } from '../../tenants/same.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import { permitMs, renewEveryMs } from '../policy.ts';
import {
  classifyFailure,
  type OperationRequest,
  type OperationResult,
  type Runner,
  RunnerNotStarted,
} from '../stacks/index.ts';
import { record } from '../store/audit.ts';
import { type Lease, LeaseLost, noteLeaseProcess, renewLease } from '../store/leases.ts';
import { beginOperation, noteBegun, writeStackSettings } from '../store/operations.ts';
import type { StackSettings, Tenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { leaveToCluster } from './end-of-namespace.ts';
import type { Operate } from './next-step.ts';
import { fail, settle } from './record-operation.ts';

/**
 * Runs the engine operation that a tenant needs, under its lease, and records how it ended.
 * @returns `applied` when the operation succeeded
 * @throws LeaseLost when the lease is lost; nothing is written from then on
 */
export async function operate(
  context: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Operate,
  options: { refresh: boolean },
): Promise<'applied' | 'done'> {
  const { database, policy } = context;
  const startedAt = performance.now();
  await database.transaction(async (client) => {
    await beginOperation(client, lease, {
      phase: step.phase,
      unsettled: true,
      spec: step.operation === 'up' ? tenant.desiredSpec : standingSpec(tenant),
    });
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

  if (result.leftToCluster) {
    await leaveToCluster(context, lease);
    return 'done';
  }
  if (result.outcome === 'succeeded') {
    // If a repair leaves differences, do not repair them for ever: the next look records the objects as they are.
    const applied = options.refresh ? null : (result.applied ?? null);
    await settle(context, lease, tenant, { ...result, applied }, Math.round(performance.now() - startedAt));
    return 'applied';
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

/** The result of an operation. `leftToCluster`: the engine is done with the deletion, the cluster is not. */
type Result = OperationResult & { readonly leftToCluster?: true };

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
  const { stackSettings } = initialised;
  const { begunSpec, desiredSpec } = tenant;
  if (tenant.unsettled && begunSpec && !declaresTheSame(begunSpec, desiredSpec)) {
    // The engine can only remove what its state knows: first have it adopt what the earlier spec made.
    const adopted = await run({ kind: 'up', spec: begunSpec, stackSettings, refresh });
    // What the state does not learn would stay for ever. Go on only if the earlier spec can never be applied.
    if (adopted.outcome !== 'succeeded' && !classifyFailure(adopted).permanent) return adopted;
    await context.database.transaction((client) => noteBegun(client, lease, desiredSpec));
  }
  const result = await run({ kind: 'up', spec: desiredSpec, stackSettings, refresh });
  const isNew = tenant.observedSpec === null;
  if (refresh || !isNew || result.outcome !== 'succeeded' || !result.changes.same) return result;
  // A new tenant, yet its state holds objects: from an earlier try, or from a tenant that a restored database has
  // forgotten and whose stack is in the reserve again. Only a refresh shows whether they exist.
  return run({ kind: 'up', spec: desiredSpec, stackSettings, refresh: true });
}

/** The spec of the objects that exist, as far as we know. */
export function standingSpec({ unsettled, begunSpec, observedSpec, desiredSpec }: Tenant): TenantSpec {
  return (unsettled ? begunSpec : null) ?? observedSpec ?? desiredSpec;
}

async function destroy(context: JobContext, lease: Lease, tenant: Tenant, run: Run): Promise<Result> {
  const spec = standingSpec(tenant);
  if (tenant.unsettled) {
    // The state may lack what an interrupted operation made. Adopt it, then delete.
    const adopted = await update(context, lease, { ...tenant, desiredSpec: spec }, run, true);
    if (adopted.outcome === 'killed') return adopted;
  }
  const initialised = await initialisedStack(context, lease, tenant, run);
  if ('outcome' in initialised) return initialised;
  const result = await run({ kind: 'destroy', spec, stackSettings: initialised.stackSettings });
  if (result.outcome !== 'succeeded') return result;
  const remains = await context.fingerprints.remains(spec);
  if (remains.length === 0) return result;
  if (await context.fingerprints.isEnding(spec)) return { ...result, leftToCluster: true };
  return {
    outcome: 'failed',
    cause: `still being deleted: ${remains.join(', ')}`,
    durationMs: result.durationMs,
    stateComplete: false,
  };
}

/** The settings of the tenant's stack. Initialises the stack unless it came from the reserve. */
async function initialisedStack(
  { database }: JobContext,
  lease: Lease,
  tenant: Tenant,
  run: Run,
): Promise<{ stackSettings: StackSettings } | OperationResult> {
  if (tenant.stackSettings) return { stackSettings: tenant.stackSettings };
  const result = await run({ kind: 'init', tenantIds: [tenant.id] });
  if (result.outcome !== 'succeeded') return result;
  const stackSettings = result.initialised?.[tenant.id];
  if (!stackSettings) throw new Error(`the stack of ${tenant.id} was initialised without settings`);
  await database.transaction((client) => writeStackSettings(client, lease, stackSettings));
  return { stackSettings };
}

/** Reserves a runner, records it in the lease, and renews lease and permit while the work lasts. */
async function withRunner(
  { database, policy, runners, log }: JobContext,
  lease: Lease,
  work: (runner: Runner, renewedAt: () => number) => Promise<Result>,
): Promise<Result> {
  let renewedAt = performance.now();
  let runner: Runner | null = null;
  let lost = false;
  const renew = async () => {
    const askedAt = performance.now();
    const renewed = await renewLease(database, lease, policy.leaseTtlMs).catch((error: unknown) => {
      log.warn({ tenant: lease.tenantId, error }, 'cannot renew a lease');
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
  } catch (error) {
    if (!(error instanceof RunnerNotStarted)) throw error;
    return { outcome: 'failed', cause: error.message, durationMs: 0, stateComplete: false };
  } finally {
    clearInterval(renewal);
    // A renewal that is under way must not reach the runner's next user.
    const done = runner;
    runner = null;
    done?.release();
  }
}
