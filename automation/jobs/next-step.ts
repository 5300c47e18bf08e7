import type { Phase, Tenant } from '../store/tenants.ts';

export type Step =
  | { readonly kind: 'settled' }
  /** Failed until something changes or a person asks for another try. */
  | { readonly kind: 'stuck' }
  | { readonly kind: 'wait'; readonly until: Date }
  | Operate;

export interface Operate {
  readonly kind: 'operate';
  readonly operation: 'up' | 'destroy';
  /** Shown while the operation runs. */
  readonly phase: Phase;
}

/** Decides from the tenant's row alone. Pure. */
export function nextStep(tenant: Tenant, now: Date): Step {
  if (tenant.observedGeneration === tenant.desiredGeneration) return { kind: 'settled' };
  if (tenant.permanent) return { kind: 'stuck' };
  if (tenant.nextTryAt && tenant.nextTryAt > now) return { kind: 'wait', until: tenant.nextTryAt };
  return operationFor(tenant);
}

/** The operation that brings the tenant to its desired state, and the phase to show meanwhile. */
export function operationFor(tenant: Pick<Tenant, 'desiredState' | 'observedState'>): Operate {
  switch (tenant.desiredState) {
    case 'deleted':
      return { kind: 'operate', operation: 'destroy', phase: 'deleting' };
    case 'suspended':
      return { kind: 'operate', operation: 'up', phase: 'suspending' };
    case 'active':
      return {
        kind: 'operate',
        operation: 'up',
        phase: tenant.observedState === null ? 'provisioning' : 'updating',
      };
  }
}

/** After this many failed tries the tenant shows as failed, although tries continue. */
const patienceAttempts = 4;

/** The phase to show after an operation failed. */
export function phaseAfterFailure(
  during: Phase,
  failure: { readonly permanent: boolean; readonly attempts: number },
): Phase {
  return failure.permanent || failure.attempts >= patienceAttempts ? 'failed' : during;
}
