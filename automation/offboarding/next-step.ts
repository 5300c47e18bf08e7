import type { Tenant } from '../store/tenants.ts';
import type { Offboarding, OffboardingStep } from './journal.ts';

/** What is next in a tenant's end. */
export type OffboardingNext =
  | { readonly kind: 'run'; readonly step: Exclude<OffboardingStep, 'destroy'> }
  /** Let the ordinary job destroy it. */
  | { readonly kind: 'begin-destroy' }
  /** It is gone: record that. */
  | { readonly kind: 'end-destroy' }
  | { readonly kind: 'wait' }
  | { readonly kind: 'finished' };

/** Decides from the journal and the tenant's row alone. Pure. */
export function nextOffboardingStep(
  journal: Pick<Offboarding, 'steps' | 'finishedAt' | 'nextTryAt'>,
  tenant: Pick<Tenant, 'phase' | 'desiredState'>,
  now: Date,
): OffboardingNext {
  if (journal.finishedAt) return { kind: 'finished' };
  if (tenant.desiredState !== 'deleted') return { kind: 'wait' };
  if (journal.nextTryAt && journal.nextTryAt > now) return { kind: 'wait' };
  const ended = new Set(journal.steps.filter(({ finishedAt }) => finishedAt).map(({ step }) => step));
  const begun = new Set(journal.steps.map(({ step }) => step));
  if (!ended.has('export')) return { kind: 'run', step: 'export' };
  if (!ended.has('backup')) return { kind: 'run', step: 'backup' };
  if (!ended.has('destroy')) {
    if (!begun.has('destroy')) return { kind: 'begin-destroy' };
    return { kind: tenant.phase === 'deleted' ? 'end-destroy' : 'wait' };
  }
  return { kind: 'run', step: ended.has('verify') ? 'receipt' : 'verify' };
}
