import type { Following } from '../followers.ts';
import type { Database } from '../store/database.ts';
import { task, tenantPayload, type Work } from '../work/index.ts';
import { brakeTenant } from './brake-tenant.ts';
import { keepLedger } from './upkeep.ts';

export function ledgerWork(
  context: Following & { readonly database: Database; readonly relaxedDatabase: Database },
): Work {
  const relaxed = { ...context, database: context.relaxedDatabase };
  return {
    tasks: {
      payments: { 'brake-tenant': task(tenantPayload, ({ tenantId }) => brakeTenant(relaxed, tenantId)) },
    },
    sweep: { shared: { keepLedger: () => keepLedger(context.database, context.now()) } },
  };
}
