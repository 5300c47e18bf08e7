/** The end of a tenant in the model's world: the real journal and receipt, and looks at the cluster in memory. */
import { generateKeyPairSync } from 'node:crypto';
import type { TaskList } from 'graphile-worker';
import type { JobContext } from '../../automation/jobs/context.ts';
import { notInUse } from '../../automation/offboarding/look/sight.ts';
import { lookInStripe } from '../../automation/offboarding/look/stripe.ts';
import { type OffboardingSteps, offboardTenant } from '../../automation/offboarding/offboard-tenant.ts';
import { signingKeyOf } from '../../automation/offboarding/signing-key.ts';

const key = signingKeyOf(
  generateKeyPairSync('ed25519', {
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey,
);

/**
 * The task that takes tenants' ends as far as they can go. The model's customers store nothing that could be
 * exported.
 */
export function endTasks(context: JobContext): TaskList {
  // What waits for a person, like an open invoice, is not asked for at once again.
  const policy = { ...context.policy, retryBaseMs: 60_000 };
  const steps: OffboardingSteps = {
    exportData: async () => ({ made: false, why: 'the model keeps no data' }),
    backUp: async () => ({ made: false, why: 'the model has no volumes' }),
    erase: async () => {},
    look: async (area, { desiredSpec }, subscriptions) => {
      if (area === 'stripe') return lookInStripe(context.stripe, subscriptions);
      if (area !== 'kubernetes') return notInUse('the model has none');
      const remains = await context.fingerprints.remains(desiredSpec);
      return { looked: ['its namespace'], places: 1, remains, notes: [] };
    },
  };
  return {
    [`offboard-tenant:${context.cell.id}`]: (payload) =>
      offboardTenant({ ...context, policy, key, steps }, String((payload as { tenantId: unknown }).tenantId)),
  };
}
