/** What the reconciler works with in tests: a simulated account, the run's cluster, and stacks as they are told. */
import pino from 'pino';
import { inject } from 'vitest';
import { defaultPolicy } from '../../automation/policy.ts';
import { KubernetesClient } from '../../automation/providers/kubernetes/client.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import type { ReconcileContext } from '../../automation/reconcile/context.ts';
import { defaultReconcilePolicy } from '../../automation/reconcile/policy.ts';
import type { Account } from '../support/stripe.ts';

export interface TestContext extends ReconcileContext {
  /** Ids of the stacks that have a state. */
  readonly standing: Set<string>;
  close(): void;
}

/** Nothing is under way a moment after it was written, and a second look needs no pause. */
export function testContext(
  { database, stripe, now }: Pick<Account, 'database' | 'stripe' | 'now'>,
  over: Partial<ReconcileContext> = {},
): TestContext {
  const cluster = new KubernetesClient(loadKubeconfig(inject('kubeconfig')), {}, () => {});
  const standing = new Set<string>();
  return {
    database,
    stripe,
    cluster,
    objects: [],
    servers: [{ name: null, database }],
    standing,
    stacks: async () => standing,
    cell: { id: 'local', region: 'local' },
    jobs: defaultPolicy,
    policy: { ...defaultReconcilePolicy, graceMs: 0, secondLookMs: 0 },
    log: pino({ level: 'silent' }),
    workerId: 'test',
    now,
    ...over,
    close: () => cluster.close(),
  };
}
