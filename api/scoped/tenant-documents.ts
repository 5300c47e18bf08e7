import {
  findExport,
  findReceipt,
  listExports,
  type TenantExport,
} from '../../automation/offboarding/index.ts';
import type { Queryable } from '../../automation/store/database.ts';
import type { AskedTenant } from '../contract/tenant.ts';
import { Problem } from '../errors.ts';
import type { ScopedTenants } from './tenants.ts';

type ExportList = Parameters<typeof listExports>;

/** The exports of one principal's tenants. Each function throws as `ScopedTenants.find` does. */
export interface ScopedExports {
  list(asked: AskedTenant, filter: ExportList[2], page: ExportList[3]): Promise<TenantExport[]>;
  /** @throws Problem `not_found` for an export of another tenant, too */
  find(asked: AskedTenant, id: number): Promise<TenantExport>;
}

export function scopedExports(db: Queryable, tenants: ScopedTenants): ScopedExports {
  return {
    list: async (asked, filter, page) => listExports(db, (await tenants.find(asked)).id, filter, page),
    find: async (asked, id) => {
      const tenant = await tenants.find(asked);
      const found = await findExport(db, id);
      if (found?.tenantId !== tenant.id) throw new Problem('not_found', 'There is no such export.');
      return found;
    },
  };
}

/** The receipts of one principal's tenants. */
export interface ScopedReceipts {
  /** The signed document; null while there is none. Throws as `ScopedTenants.find` does. */
  find(asked: AskedTenant): Promise<unknown>;
}

export function scopedReceipts(db: Queryable, tenants: ScopedTenants): ScopedReceipts {
  return {
    find: async (asked) => (await findReceipt(db, (await tenants.find(asked)).id))?.document ?? null,
  };
}
