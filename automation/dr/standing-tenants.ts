import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';

/** What a verification needs from a tenant's row. */
export type StandingTenant = Pick<
  Tenant,
  | 'id'
  | 'namespace'
  | 'phase'
  | 'desiredGeneration'
  | 'observedGeneration'
  | 'unsettled'
  | 'outputs'
  | 'reasonCode'
  | 'fingerprint'
>;

const pageSize = 500;

/** Every tenant of a cell that is not deleted, page by page in the order of their ids. */
export async function* readStandingTenants(db: Queryable, cell: string): AsyncGenerator<StandingTenant[]> {
  let last = '';
  for (;;) {
    const { rows } = await db.query<StandingTenant>(
      `select id, namespace, phase, desired_generation as "desiredGeneration",
         observed_generation as "observedGeneration", unsettled, outputs, reason_code as "reasonCode", fingerprint
       from tenantry.tenant where cell = $1 and phase <> 'deleted' and id > $2 order by id limit $3`,
      [cell, last, pageSize],
    );
    if (rows.length > 0) yield rows;
    if (rows.length < pageSize) return;
    last = rows.at(-1)?.id ?? '';
  }
}
