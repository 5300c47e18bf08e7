import type { Logger } from 'pino';
import type { Database } from '../store/database.ts';
import { withTurn } from '../store/turns.ts';
import { repeat, type Work } from '../work/index.ts';
import { measuring } from './measuring.ts';
import { closing, type TenantServer } from './servers.ts';
import { watching } from './watch.ts';

/** A session can fill what all tenants share within seconds. */
const pauseMs = 5_000;

export interface WardenContext {
  /** The control plane's. */
  readonly database: Database;
  readonly servers: readonly TenantServer[];
  readonly cell: { readonly id: string };
  readonly policy: { readonly leaseTtlMs: number };
  readonly workerId: string;
  readonly log: Logger;
}

/** Keeps tenants' logins from harming others, on every server that they log in to. One worker of a cell watches. */
export function wardenWork(context: WardenContext): Work {
  const { database, servers, cell, policy, workerId, log } = context;
  const watch = watching(context);
  const disk = measuring(context);
  const rounds = (name: string, look: () => Promise<void>, failure: string) =>
    repeat(pauseMs, async () => {
      const turn = { name: `${name}:${cell.id}`, holder: workerId, ttlMs: policy.leaseTtlMs };
      await withTurn(database, turn, look).catch((error: unknown) => log.error({ error }, failure));
    });
  return {
    sweep: { cell: { closeDatabases: closing(servers, log) } },
    begin: () => {
      const sessions = rounds('warden', watch.look, 'the warden could not look');
      // Apart, as measuring waits for locks, which tenants can hold.
      const sizes = rounds('disk', disk.look, 'the warden could not measure');
      return () => Promise.all([sessions(), sizes()]);
    },
    close: () => Promise.all([watch.close(), disk.close()]),
  };
}
