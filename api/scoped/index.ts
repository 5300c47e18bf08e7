import type Stripe from 'stripe';
import type { Database } from '../../automation/store/database.ts';
import type { Principal } from '../principal.ts';
import { type ScopedEndpoints, scopedEndpoints } from './endpoints.ts';
import { type ScopedInvoices, scopedInvoices } from './invoices.ts';
import { type ScopedOrganizations, scopedOrganizations } from './organizations.ts';
import { type ScopedSubscriptions, scopedSubscriptions } from './subscriptions.ts';
import {
  type ScopedExports,
  type ScopedReceipts,
  scopedExports,
  scopedReceipts,
} from './tenant-documents.ts';
import { type ScopedTenants, scopedTenants } from './tenants.ts';

/**
 * The rows that a request may reach. Routes have no other way to tenants and what depends on them, so none can forget to
 * check the owner.
 */
export interface Scoped {
  readonly principal: Principal;
  readonly tenants: ScopedTenants;
  readonly organizations: ScopedOrganizations;
  readonly subscriptions: ScopedSubscriptions;
  readonly invoices: ScopedInvoices;
  readonly exports: ScopedExports;
  readonly receipts: ScopedReceipts;
  readonly endpoints: ScopedEndpoints;
}

export interface ScopeSources {
  readonly database: Database;
  readonly stripe: Stripe;
}

/** @param changes true for a request that changes something, which viewers may not do */
export function scopedTo(principal: Principal, sources: ScopeSources, changes: boolean): Scoped {
  const { database, stripe } = sources;
  const tenants = scopedTenants(database, principal, changes);
  const organizations = scopedOrganizations(database, principal);
  const subscriptions = scopedSubscriptions(database, principal, organizations);
  return {
    principal,
    tenants,
    organizations,
    subscriptions,
    invoices: scopedInvoices(database, stripe, principal, { organizations, subscriptions }),
    exports: scopedExports(database, tenants),
    receipts: scopedReceipts(database, tenants),
    endpoints: scopedEndpoints(database, principal, tenants),
  };
}
