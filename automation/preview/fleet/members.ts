import type { ProductId } from '../../../tenants/catalog/types.ts';
import type { TenantSpec } from '../../../tenants/spec.ts';
import { onlyRow, type Queryable } from '../../store/database.ts';
import type { Fingerprint } from '../../store/tenants.ts';

/** An existing tenant, with what a preview of the whole fleet needs. */
export interface FleetMember {
  readonly id: string;
  readonly cell: string;
  readonly product: ProductId;
  /** The desired spec. */
  readonly spec: TenantSpec;
  /** True when its row says that it is in its desired state. */
  readonly settled: boolean;
  /** What its objects looked like at the last look; null without a look since its last operation. */
  readonly fingerprint: Fingerprint | null;
  /** True when its stack is initialised, so that an engine can preview it. */
  readonly hasStack: boolean;
}

/** A change of the program reaches all tenants that exist and are not being deleted. */
const standing = "observed_state is not null and observed_state <> 'deleted' and desired_state <> 'deleted'";

/** Reads every standing tenant, page by page, in the order of their ids. */
export async function* readFleet(
  db: Queryable,
  options: { pageSize?: number } = {},
): AsyncGenerator<FleetMember[]> {
  const pageSize = options.pageSize ?? 1000;
  let last = '';
  for (;;) {
    const { rows } = await db.query<FleetMember>(
      `select id, cell, product, desired_spec as spec, fingerprint, stack_settings is not null as "hasStack",
         observed_generation = desired_generation and not unsettled and phase in ('active', 'suspended') as settled
       from tenantry.tenant where id > $1 and ${standing} order by id limit $2`,
      [last, pageSize],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    last = rows.at(-1)?.id ?? '';
  }
}

/** Counts tenants that a change does not reach: those being deleted, and those that do not exist yet. */
export async function countOutsideFleet(
  db: Queryable,
): Promise<{ readonly deleting: number; readonly notStanding: number }> {
  return onlyRow(
    await db.query<{ deleting: number; notStanding: number }>(
      `select count(*) filter (where desired_state = 'deleted') as deleting,
         count(*) filter (where desired_state <> 'deleted') as "notStanding"
       from tenantry.tenant where phase <> 'deleted' and not (${standing})`,
    ),
  );
}
