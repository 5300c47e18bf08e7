import type { Database, Queryable } from './database.ts';
import { firstRow } from './database.ts';

/**
 * A lease is the right to change one tenant. It carries a fence: a number that only grows. A holder may write only while
 * its fence is the one in the table (`fenced`), so a holder that is paused past its expiry and wakes later changes
 * nothing.
 */
export interface Lease {
  readonly tenantId: string;
  readonly holder: string;
  readonly fence: number;
}

/** Where a holder's engine runs, so that the next holder can end it. */
export interface LeaseProcess {
  readonly host: string;
  readonly processGroup: number | null;
  readonly processStarted: string | null;
}

export interface TakenLease extends Lease {
  /** The previous holder if it let the lease expire instead of returning it; its engine may still be alive. */
  readonly previous: LeaseProcess | null;
}

/** Takes the tenant's lease; null while somebody else holds it. */
export async function takeLease(
  db: Database,
  tenantId: string,
  options: { holder: string; host: string; ttlMs: number },
): Promise<TakenLease | null> {
  return db.transaction(async (client) => {
    const previous = firstRow(
      await client.query<{ expired: boolean; host: string; group: number | null; started: string | null }>(
        `select expires_at < clock_timestamp() as expired, host, process_group as group, process_started as started
         from tenantry.lease where tenant_id = $1 for update`,
        [tenantId],
      ),
    );
    if (previous && !previous.expired) return null;
    const taken = firstRow(
      await client.query<{ fence: number }>(
        `insert into tenantry.lease as held (tenant_id, holder, fence, expires_at, host)
         select id, $2, nextval('tenantry.fence'), clock_timestamp() + $3 * interval '1 ms', $4
         from tenantry.tenant where id = $1
         on conflict (tenant_id) do update set holder = excluded.holder, fence = excluded.fence,
           expires_at = excluded.expires_at, host = excluded.host, process_group = null, process_started = null
           where held.expires_at < clock_timestamp()
         returning fence`,
        [tenantId, options.holder, options.ttlMs, options.host],
      ),
    );
    if (!taken) return null;
    return {
      tenantId,
      holder: options.holder,
      fence: taken.fence,
      previous: previous && {
        host: previous.host,
        processGroup: previous.group,
        processStarted: previous.started,
      },
    };
  });
}

/** Renews the lease; false once it is lost. */
export async function renewLease(db: Queryable, lease: Lease, ttlMs: number): Promise<boolean> {
  const result = await db.query(
    `update tenantry.lease set expires_at = clock_timestamp() + $3 * interval '1 ms'
     where tenant_id = $1 and fence = $2 and expires_at > clock_timestamp()`,
    [lease.tenantId, lease.fence, ttlMs],
  );
  return result.rowCount === 1;
}

/** Records the process group that will run the engine; false once the lease is lost. */
export async function noteLeaseProcess(db: Queryable, lease: Lease, process: LeaseProcess): Promise<boolean> {
  const result = await db.query(
    `update tenantry.lease set process_group = $3, process_started = $4
     where tenant_id = $1 and fence = $2 and expires_at > clock_timestamp()`,
    [lease.tenantId, lease.fence, process.processGroup, process.processStarted],
  );
  return result.rowCount === 1;
}

/** Returns the lease; harmless when it is already lost. */
export async function releaseLease(db: Queryable, lease: Lease): Promise<void> {
  await db.query('delete from tenantry.lease where tenant_id = $1 and fence = $2', [
    lease.tenantId,
    lease.fence,
  ]);
}

/** A former holder tried to write. */
export class LeaseLost extends Error {
  constructor(tenantId: string) {
    super(`the lease of tenant ${tenantId} was lost`);
    this.name = 'LeaseLost';
  }
}

/**
 * Locks the lease row for the rest of the transaction, so that nobody takes the lease over before the commit.
 * @throws LeaseLost
 */
export async function fenced(client: Queryable, lease: Lease): Promise<void> {
  const result = await client.query(
    `select 1 from tenantry.lease where tenant_id = $1 and fence = $2 and expires_at > clock_timestamp() for share`,
    [lease.tenantId, lease.fence],
  );
  if (result.rowCount !== 1) throw new LeaseLost(lease.tenantId);
}
