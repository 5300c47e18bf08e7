import type { ProductId } from '../../../tenants/catalog/types.ts';
import type { TenantSpec } from '../../../tenants/spec.ts';
import { onlyRow, type Queryable } from '../../store/database.ts';
import type { Fingerprint } from '../../store/tenants.ts';

/** A standing tenant, as far as a look at the whole fleet needs it. */
export interface FleetMember {
  readonly id: string;
  readonly cell: string;
  readonly product: ProductId;
  /** Its wanted state. */
  readonly spec: TenantSpec;
  /** As far as anybody knows, it is in its wanted state. */
  readonly settled: boolean;
  /** What its objects looked like when somebody last looked; null when nobody has since its last operation. */
  readonly fingerprint: Fingerprint | null;
  /** Its stack is initialised, so that an engine can preview it. */
  readonly hasStack: boolean;
}

/** The tenants that a change of the program reaches: all that were made and are not being deleted. */
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

/** How many tenants a change does not reach: those being deleted, and those that do not stand yet. */
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
