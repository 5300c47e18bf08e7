import { hostname } from 'node:os';
import { declaresTheSame } from '../../tenants/same.ts';
import type { TenantOutputs } from '../../tenants/spec.ts';
import { mayDestroy } from '../offboarding/index.ts';
import { endProcessGroup, processStarted } from '../process-group.ts';
import { driftFrom, type Fingerprints } from '../stacks/index.ts';
import { record } from '../store/audit.ts';
import { type Lease, LeaseLost, type LeaseProcess, releaseLease, takeLease } from '../store/leases.ts';
import { noteLook, postpone, wantMended } from '../store/operations.ts';
import { type Fingerprint, findTenant, isNamespaceHeld, ringTenant, type Tenant } from '../store/tenants.ts';
import type { JobContext } from './context.ts';
import { nextStep, type Operate } from './next-step.ts';
import { operate } from './operate-tenant.ts';
import { settleUnchanged } from './record-operation.ts';

/**
 * The one hard state machine.
 *
 * A tenant has a desired generation, raised by whoever wants something of it, and an observed generation, written
 * here once the engine has done what that generation asks for. This job makes them equal. Every cause rings it, any
 * number of times, on any replica; the following keeps it right.
 *
 * - The lease. Whoever converges a tenant holds its lease, renews it three times per life, and writes only under its
 *   fence. A job that finds it taken leaves: the holder looks again before it gives the lease back.
 * - The permit. An engine runs in a runner process, which may write only while its permit lasts, and kills itself
 *   when it runs out. Each renewal prolongs the permit, which ends before the lease does. So when a lease has run
 *   out, its engine is dead, even when its worker was stopped, cut off or killed. On the same host the next holder
 *   makes sure by killing the process group recorded in the lease.
 * - `unsettled`. Set before the engine begins and cleared with its result, and set when somebody changed the tenant's
 *   objects. When it is found set, the engine's state may differ from reality, because an engine was killed in
 *   mid-operation, say. An update then simply runs again, as providers adopt whatever carries the tenant's label.
 *   When something else is wanted by then, and before a deletion, the earlier wish (`begun_spec`) is first applied
 *   once more, so that the state knows everything there is to remove.
 * - "Deleted" is not believed but looked up in cluster and database.
 * - Nothing is destroyed before the tenant's journal says that its data is exported
 *   (`offboarding/offboard-tenant.ts`).
 */

/** Converges one tenant; returns when it is done, must wait, or belongs to another job. */
export async function convergeTenant(context: JobContext, tenantId: string): Promise<void> {
  const { relaxedDatabase, policy, workerId } = context;
  // No commit of a lease waits for the disk, so that looking at an unchanged tenant is cheap. The start of an
  // operation does wait, before its engine starts, and so makes the lease durable; a returned lease that a crash of
  // the server brings back runs out.
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
    context.log.warn({ tenant: tenantId, holder: workerId }, 'lost the lease; nothing more was written');
  } finally {
    await releaseLease(relaxedDatabase, lease);
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
  // The group's leader may be gone while its engine lives; a leader with another start time is another process.
  const leader = processStarted(processGroup);
  if (leader === null || leader === started) await endProcessGroup(processGroup);
}

/** The next thing to do: nothing; everything again; the same, with a cluster as an engine has just left it. */
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
      // What was applied is recorded, so that any later look finds later changes.
      if (last === 'applied' && tenant.fingerprint) return 'done';
      return mendDrift(context, lease, tenant);
    case 'operate': {
      if (await mustWaitForName(context, lease, tenant, step)) return 'done';
      if (await mustWaitForExport(context, lease, tenant, step)) return 'done';
      const unchanged = step.operation === 'up' && wantsWhatStands(tenant);
      if (unchanged && isIntact(tenant)) {
        await settleUnchanged(context, lease, tenant);
        return 'again';
      }
      // Where the declarations are the same, only the live objects can say what to do.
      return operate(context, lease, tenant, step, { refresh: unchanged });
    }
  }
}

/** Compares the cluster with what was applied; wants an operation only when something differs. */
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

/** A look at the cache finds most tenants unchanged. Apparent changes are checked against the live objects. */
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

/** The present wish declares the same resources as the last operation. */
function wantsWhatStands({ observedSpec, desiredSpec }: Tenant): boolean {
  return observedSpec !== null && declaresTheSame(observedSpec, desiredSpec);
}

/** The last operation did everything it should. */
function isIntact({ unsettled, reasonCode, observedState, desiredState }: Tenant): boolean {
  return !unsettled && reasonCode === null && observedState === desiredState;
}

/** A tenant that is being deleted may still hold the namespace that a new one wants. */
async function mustWaitForName(
  { database, now }: JobContext,
  lease: Lease,
  tenant: Tenant,
  step: Operate,
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

/** How long a deletion waits before it asks the journal again if nobody rings: the end of the export does. */
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
