import { hostname } from 'node:os';
import { declaresTheSame } from '../../tenants/same.ts';
import type { TenantOutputs } from '../../tenants/spec.ts';
import { mayDestroy } from '../offboarding/index.ts';
import { endProcessGroup, processStarted } from '../process-group.ts';
import { driftFrom, type Fingerprints } from '../stacks/index.ts';
import { record } from '../store/audit.ts';
import { type Lease, LeaseLost, type LeaseProcess, releaseLease, takeLease } from '../store/leases.ts';
import { noteLook, postpone, wantMended } from '../store/operations.ts';
import { isNamespaceHeld } from '../store/tenant-names.ts';
import { type Fingerprint, findTenant, ringTenant, type Tenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { awaitNamespace } from './end-of-namespace.ts';
import { nextStep, type Operate } from './next-step.ts';
import { operate, standingSpec } from './operate-tenant.ts';
import { settleUnchanged } from './record-operation.ts';

/**
 * The one hard state machine.
 *
 * A tenant has a desired generation, which every change of its desired state raises, and an observed generation, which
 * this job writes once the engine has done what the desired one asks for. The job makes them equal. Every cause rings it,
 * any number of times, on any replica. This keeps it right:
 *
 * - The lease. Whoever converges a tenant holds its lease, renews it three times per life, and writes only under its
 *   fence. A job that finds it taken leaves: the holder looks again before it returns the lease.
 * - The permit. An engine runs in a runner process, which may write only while its permit lasts and kills itself when it
 *   expires. Each renewal of the lease extends the permit, which ends before the lease does. So when a lease has expired,
 *   its engine is dead, even if its worker was stopped, cut off or killed. On the same host the next holder makes sure by
 *   killing the process group that the lease records.
 * - `unsettled`. Set before the engine begins and cleared with its result; also set when somebody changed the tenant's
 *   objects. While it is set, the engine's state may differ from reality, for example because an engine was killed in
 *   mid-operation. An update then simply runs again, because providers adopt whatever carries the tenant's label. If the
 *   spec has changed since, and before a deletion, the earlier spec (`begun_spec`) is first applied once more, so that the
 *   state knows everything that there is to remove.
 * - "Deleted" is looked up in cluster and database, not believed. The cluster ends the namespace, and a job without a runner
 *   looks whether it has (`end-of-namespace.ts`).
 * - Nothing is destroyed before the tenant's journal says that its data is exported (`offboarding/offboard-tenant.ts`).
 */

/** Converges one tenant; returns when it is done, must wait, or belongs to another job. */
export async function convergeTenant(context: JobContext, tenantId: string): Promise<void> {
  const { relaxedDatabase, policy, workerId } = context;
  // Commits of a lease do not wait for the disk, so that looking at an unchanged tenant is cheap. The commit that begins an
  // operation does wait, before the engine starts, and makes the lease durable. If a crash of the server brings a returned
  // lease back, it expires.
  const lease = await takeLease(relaxedDatabase, tenantId, {
    holder: workerId,
    host: hostname(),
    ttlMs: policy.leaseTtlMs,
  });
  if (!lease) return;
  try {
    if (lease.previous) await endPreviousHolder(lease.previous);
    let last: Outcome = 'again';
    while (last !== 'done') last = await convergeOnce(context, lease, last);
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error;
    context.log.warn({ tenant: tenantId, holder: workerId }, 'lost the lease and wrote nothing more');
  } finally {
    await releaseLease(relaxedDatabase, lease);
  }
  await ringIfMoved(context, tenantId);
}

/** For a job that was rung between our last look and the release, and left because it found the lease taken. */
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
  // The engine may outlive the group's leader. A leader with another start time is another process.
  const leader = processStarted(processGroup);
  if (leader === null || leader === started) await endProcessGroup(processGroup);
}

/** `again`: look at the tenant once more. `applied`: the same, but the cluster is as an engine has just left it. */
type Outcome = 'done' | 'again' | 'applied';

async function convergeOnce(context: JobContext, lease: Lease, last: Outcome): Promise<Outcome> {
  const tenant = await findTenant(context.database, lease.tenantId);
  if (!tenant) return 'done';
  const step = nextStep(tenant, context.now());
  switch (step.kind) {
    case 'stuck':
    case 'wait':
      return 'done';
    case 'settled':
      if (tenant.phase === 'suspended') await endPods(context, tenant);
      // The fingerprint of what was applied is recorded, so a later look finds later changes.
      if (last === 'applied' && tenant.fingerprint) return 'done';
      return mendDrift(context, lease, tenant);
    case 'operate': {
      if (await mustWaitForName(context, lease, tenant, step)) return 'done';
      if (await mustWaitForExport(context, lease, tenant, step)) return 'done';
      if (step.operation === 'destroy' && tenant.handedOverAt !== null) {
        const { handedOverAt } = tenant;
        return awaitNamespace(context, lease, tenant, { spec: standingSpec(tenant), handedOverAt });
      }
      const unchanged = step.operation === 'up' && wantsWhatStands(tenant);
      if (unchanged && isIntact(tenant)) {
        await settleUnchanged(context, lease, tenant);
        return 'again';
      }
      // The declarations are the same, so only the live objects can say what to do.
      return operate(context, lease, tenant, step, { refresh: unchanged });
    }
  }
}

/** A suspended tenant runs nothing. Its quota keeps new pods away, but not those that its people had made before. */
async function endPods({ database, fingerprints }: JobContext, tenant: Tenant): Promise<void> {
  const ended = await fingerprints.endPods(standingSpec(tenant));
  if (ended.length === 0) return;
  await database.transaction((client) =>
    record(client, {
      tenantId: tenant.id,
      subscriptionId: tenant.subscriptionId,
      kind: 'tenant.pods-ended',
      message: `Ended ${ended.length === 1 ? 'a pod' : `${ended.length} pods`} of its own people that still ran, because it is suspended`,
      data: { pods: ended },
    }),
  );
}

/** Compares the cluster with what was applied and requests an operation only when they differ. */
async function mendDrift(context: JobContext, lease: Lease, tenant: Tenant): Promise<'again' | 'done'> {
  if (!tenant.outputs || tenant.phase === 'deleted') return 'done';
  const { live, drifted } = await look(context.fingerprints, tenant.outputs, tenant);
  if (drifted.length === 0) {
    await noteLook(context.relaxedDatabase, lease, live);
    return 'done';
  }
  await context.database.transaction(async (client) => {
    await wantMended(client, lease);
    await record(client, {
      tenantId: tenant.id,
      kind: 'tenant.drifted',
      message: `Somebody changed ${drifted.length === 1 ? 'an object' : `${drifted.length} objects`} of the tenant`,
      data: { objects: drifted },
      audience: 'operator',
    });
  });
  return 'again';
}

/** The cache shows most tenants unchanged; only apparent changes need a look at the live objects. */
async function look(
  fingerprints: Fingerprints,
  outputs: TenantOutputs,
  { id, fingerprint }: Tenant,
): Promise<{ live: Fingerprint; drifted: string[] }> {
  const recent = fingerprint && (await fingerprints.read({ id, outputs }, { recent: true }));
  if (recent && driftFrom(outputs, fingerprint, recent).length === 0) return { live: recent, drifted: [] };
  const live = await fingerprints.read({ id, outputs });
  return { live, drifted: driftFrom(outputs, fingerprint, live) };
}

/** True when the desired spec declares the same resources as the last operation. */
function wantsWhatStands({ observedSpec, desiredSpec }: Tenant): boolean {
  return observedSpec !== null && declaresTheSame(observedSpec, desiredSpec);
}

/** True when the last operation succeeded and nothing has changed the objects since. */
function isIntact({ unsettled, reasonCode, observedState, desiredState }: Tenant): boolean {
  return !unsettled && reasonCode === null && observedState === desiredState;
}

/** A tenant that is being deleted may still hold the namespace of a new one. */
async function mustWaitForName(
  { database, now }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Operate,
): Promise<boolean> {
  // A tenant that has never existed waits, whatever is wanted of it now. Removing what is not there harms nobody.
  const begins = step.operation === 'up' && tenant.observedState === null;
  if (!begins || !(await isNamespaceHeld(database, tenant, tenant.id))) return false;
  const nextTryAt = new Date(now().getTime() + 1000);
  await database.transaction((client) =>
    postpone(client, lease, {
      reasonCode: 'name_being_freed',
      reasonMessage:
        'An earlier tenant of the same name is still being deleted; this one starts right afterwards.',
      nextTryAt,
    }),
  );
  return true;
}

/** How long a deletion waits for the export, whose end rings, before it looks at the journal again. */
const exportPatienceMs = 60_000;

async function mustWaitForExport(
  { database, now }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Operate,
): Promise<boolean> {
  if (step.operation !== 'destroy') return false;
  const nextTryAt = new Date(now().getTime() + exportPatienceMs);
  return !(await mayDestroy(database, tenant, (client, why) =>
    postpone(client, lease, { ...why, nextTryAt }),
  ));
}
