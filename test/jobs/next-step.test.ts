import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextStep, operationFor, phaseAfterFailure } from '../../automation/jobs/next-step.ts';
import { defaultPolicy, permitMs, renewEveryMs, retryDelayMs } from '../../automation/policy.ts';
import type { Tenant, TenantState } from '../../automation/store/tenants.ts';

const now = new Date('2026-03-01T12:00:00Z');
const later = new Date(now.getTime() + 1);

const tenant = (more: Partial<Tenant>) =>
  ({
    desiredState: 'active',
    observedState: 'active',
    desiredGeneration: 2,
    observedGeneration: 1,
    permanent: false,
    nextTryAt: null,
    ...more,
  }) as Tenant;

describe('nextStep', () => {
  test.each<[string, Partial<Tenant>, object]>([
    ['is settled when it is what is desired', { observedGeneration: 2 }, { kind: 'settled' }],
    ['is settled even with an old failure', { observedGeneration: 2, permanent: true }, { kind: 'settled' }],
    ['is stuck after a permanent failure', { permanent: true }, { kind: 'stuck' }],
    ['waits for its next try', { nextTryAt: later }, { kind: 'wait', until: later }],
    [
      'is tried when its time has come',
      { nextTryAt: now },
      { kind: 'operate', operation: 'up', phase: 'updating' },
    ],
    [
      'is provisioned when it was never there',
      { observedState: null, observedGeneration: 0 },
      { kind: 'operate', operation: 'up', phase: 'provisioning' },
    ],
  ])('a tenant %s', (_name, more, step) => {
    expect(nextStep(tenant(more), now)).toEqual(step);
  });

  test.each<[TenantState, TenantState | null, string, string]>([
    ['active', null, 'up', 'provisioning'],
    ['active', 'active', 'up', 'updating'],
    ['active', 'suspended', 'up', 'updating'],
    ['suspended', null, 'up', 'suspending'],
    ['suspended', 'active', 'up', 'suspending'],
    ['deleted', null, 'destroy', 'deleting'],
    ['deleted', 'suspended', 'destroy', 'deleting'],
  ])('to become %s from %s takes %s, shown as %s', (desiredState, observedState, operation, phase) => {
    expect(operationFor({ desiredState, observedState })).toEqual({ kind: 'operate', operation, phase });
  });

  test('a tenant is shown as failed at once when trying cannot help, else after some tries', () => {
    expect(phaseAfterFailure('provisioning', { permanent: true, attempts: 1 })).toBe('failed');
    expect(phaseAfterFailure('provisioning', { permanent: false, attempts: 1 })).toBe('provisioning');
    expect(phaseAfterFailure('deleting', { permanent: false, attempts: 4 })).toBe('failed');
  });
});

describe('waiting times', () => {
  test('double up to the bound', () => {
    const policy = { retryBaseMs: 2000, retryMaxMs: 300_000 };
    expect([0, 1, 2, 3, 7, 8, 1000].map((attempts) => retryDelayMs(policy, attempts))).toEqual([
      2000, 4000, 8000, 16_000, 256_000, 300_000, 300_000,
    ]);
  });

  test('never grow beyond the bound and never shrink from try to try', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(), fc.nat(1e6), (retryBaseMs, retryMaxMs, attempts) => {
        const delay = retryDelayMs({ retryBaseMs, retryMaxMs }, attempts);
        expect(delay).toBeLessThanOrEqual(retryMaxMs);
        expect(retryDelayMs({ retryBaseMs, retryMaxMs }, attempts + 1)).toBeGreaterThanOrEqual(delay);
      }),
    );
  });

  test('let a holder miss a renewal, and end its engine before its lease', () => {
    const { leaseTtlMs } = defaultPolicy;
    expect(2 * renewEveryMs(defaultPolicy)).toBeLessThan(permitMs(defaultPolicy));
    expect(permitMs(defaultPolicy)).toBeLessThan(leaseTtlMs);
  });
});
