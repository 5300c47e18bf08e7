import { count, milliseconds, oneOf, positiveMilliseconds } from '../kinds.ts';
import type { Section } from '../variable.ts';

const day = 24 * 3_600_000;

export const work = {
  title: 'How the work is done',
  about: 'Times and sizes of a worker. The defaults fit most installations.',
  variables: {
    TENANTRY_RUNNERS: {
      kind: count('processes', { from: 1 }),
      about: 'Engine operations that a worker runs at once.',
      default: 3,
      readBy: ['worker'],
    },
    TENANTRY_OPERATIONS_PER_RUNNER: {
      kind: count('operations', { from: 1 }),
      about: 'After so many operations a runner process is replaced by a fresh one.',
      default: 100,
      readBy: ['worker'],
    },
    TENANTRY_SWEEP_INTERVAL_MS: {
      kind: positiveMilliseconds,
      about: 'How often the sweep looks for work that nothing has announced.',
      default: 60_000,
      readBy: ['worker'],
    },
    TENANTRY_LEASE_TTL_MS: {
      kind: positiveMilliseconds,
      about: "How long a lease lasts without renewal; a crashed worker's tenants wait this long.",
      default: 15_000,
      readBy: ['worker'],
    },
    TENANTRY_OPERATION_TIMEOUT_MS: {
      kind: positiveMilliseconds,
      about: 'An engine operation that takes longer is killed.',
      default: 120_000,
      readBy: ['worker'],
    },
    TENANTRY_DESTROY_TIMEOUT_MS: {
      kind: positiveMilliseconds,
      about: 'A destroy that takes longer is killed. It does not wait for the end of the namespace.',
      default: 300_000,
      readBy: ['worker'],
    },
    TENANTRY_FINALIZER_PATIENCE_MS: {
      kind: milliseconds,
      about:
        'How long finalizers of a tenant may hold up the end of its namespace. Then those that are not of Kubernetes are taken off, and its trail says which.',
      default: 600_000,
      readBy: ['worker'],
    },
    TENANTRY_RETRY_BASE_MS: {
      kind: positiveMilliseconds,
      about: 'The wait after a first failure; it doubles with each further one.',
      default: 2_000,
      readBy: ['worker'],
    },
    TENANTRY_STRIPE_FETCHES_PER_SECOND: {
      kind: count('requests', { from: 1 }),
      about:
        "How often a worker asks Stripe for an object of one kind. Workers of one account share Stripe's [25 per second](https://docs.stripe.com/rate-limits).",
      default: 25,
      readBy: ['worker'],
    },
    TENANTRY_EVENT_RETENTION_MS: {
      kind: milliseconds,
      about: 'How long a handled Stripe event is kept.',
      default: 90 * day,
      readBy: ['worker'],
    },
    TENANTRY_RESERVED_STACKS: {
      kind: count('stacks', { from: 0 }),
      about: 'Initialised stacks that a worker keeps ready.',
      default: 64,
      readBy: ['worker'],
    },
    TENANTRY_SLOTS_PER_PRODUCT: {
      kind: count('slots', { from: 0 }),
      about: 'Warm slots that are kept ready for each product; 0 turns [slots](slots.md) off.',
      default: 2,
      readBy: ['worker'],
    },
    TENANTRY_RECONCILE_INTERVAL_MS: {
      kind: positiveMilliseconds,
      about: 'How often the [reconciler](reconciler.md) compares everything.',
      default: 300_000,
      readBy: ['worker'],
    },
    TENANTRY_RECONCILE_GRACE_MS: {
      kind: milliseconds,
      about: 'The reconciler leaves alone what a job, an event or a person touched within this time.',
      default: 60_000,
      readBy: ['worker'],
    },
    TENANTRY_NOTIFY_PRIVATE: {
      kind: oneOf('allow', 'refuse'),
      about:
        'Whether [webhook endpoints](webhooks.md) may be on this machine and in private networks, and without TLS. `npm start` sets `allow` where nothing is set.',
      default: 'refuse',
      readBy: ['api', 'worker'],
    },
  },
} as const satisfies Section;
