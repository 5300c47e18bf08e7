import type { Logger } from 'pino';
import type { Work } from '../work/index.ts';
import { closing, type TenantServer } from './servers.ts';

/** Keeps tenants' logins from harming others, on every server that they log in to. */
export function wardenWork(context: {
  readonly servers: readonly TenantServer[];
  readonly log: Logger;
}): Work {
  return { sweep: { cell: { closeDatabases: closing(context.servers, context.log) } } };
}
