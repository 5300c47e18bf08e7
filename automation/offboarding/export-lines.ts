/**
 * An export holds what we store about a tenant, as lines of JSON. docs/offboarding.md describes the format.
 */

import { listReservations } from '../entitlements/index.ts';
import { listKeys } from '../keys/index.ts';
import { listEntries } from '../ledger/index.ts';
import { decimalOf } from '../metering/index.ts';
import { listEndpoints } from '../notify/index.ts';
import type { PersonalData } from '../service.ts';
import { listAudit } from '../store/audit.ts';
import type { Queryable } from '../store/database.ts';
import { everyRow, firstPage } from '../store/pages.ts';
import { findSubscriptions } from '../store/subscriptions.ts';
import type { Tenant } from '../store/tenants.ts';
import { databaseLines } from './database-rows.ts';

export const exportFormat = 'tenantry-export/1';

const page = 1000;

/** Counts of an export, complete after its last line. */
export interface ExportCounts {
  tables: number;
  rows: number;
}

/** The database servers of a cell, by their administrators' URLs. */
export interface TenantServers {
  readonly shared: string;
  /** Servers for single tenants, by name. */
  readonly own: Readonly<Record<string, string>>;
}

export interface ExportSources {
  /** The control plane's database. */
  readonly database: Queryable;
  /** Administrators' URLs of the database servers with tenants. */
  readonly servers: TenantServers;
  /** By product, what it keeps about tenants' people outside of the tenants' own databases. */
  readonly personalData: ReadonlyMap<string, PersonalData>;
  readonly now: () => Date;
}

/**
 * Yields the lines of an export: the tenant's record; its timeline, credits, webhook endpoints, API keys and reservations as
 * its owner may read them; what its product keeps about its people; and everything in its schema or database. It has no
 * secrets but those that the tenant itself stores in its database. The last line says how many lines there are, so that
 * nobody takes a part for the whole. A slot has no owner and no rows.
 * @param counts counted up while the lines are read
 */
export async function* exportLines(
  sources: ExportSources,
  tenant: Tenant,
  counts: ExportCounts,
): AsyncGenerator<string> {
  const { database } = sources;
  const { id, product, slug, owner, namespace, cell, createdAt, activeAt, desiredSpec } = tenant;
  const { plan, seats, region } = desiredSpec;
  yield line({
    record: 'export',
    format: exportFormat,
    at: sources.now().toISOString(),
    tenant: { id, product, plan, seats, slug, owner, namespace, cell, region, createdAt, activeAt },
  });
  if (tenant.subscriptionId !== null) {
    const subscription = (await findSubscriptions(database, [tenant.subscriptionId])).get(
      tenant.subscriptionId,
    );
    if (subscription) {
      const { status, customerId, currentPeriodEnd } = subscription;
      yield line({ record: 'subscription', id: subscription.id, status, customerId, currentPeriodEnd });
    }
  }
  yield* recordLines(database, id);
  const kept = sources.personalData.get(product);
  if (kept)
    for await (const record of kept.export(database, tenant))
      yield line({ ...record, record: 'service', product });
  const place = tenant.outputs?.database;
  if (place) {
    for await (const { kind, json } of databaseLines(adminUrlOf(sources.servers, place), place)) {
      if (kind === 'table') counts.tables += 1;
      if (kind === 'row') counts.rows += 1;
      yield `${json}\n`;
    }
  }
  yield line({ record: 'end', ...counts });
}

function adminUrlOf({ shared, own }: TenantServers, { server }: { readonly server?: string }): string {
  if (server === undefined) return shared;
  const url = own[server];
  if (url === undefined) throw new Error(`the cell has no database server ${server}`);
  return url;
}

function line(value: object): string {
  return `${JSON.stringify(value)}\n`;
}

/** Yields what the control plane stores about a tenant for its owner. */
async function* recordLines(db: Queryable, tenantId: string): AsyncGenerator<string> {
  const timeline = everyRow(
    firstPage(page, 'id', 'ascending'),
    (next) => listAudit(db, tenantId, { audience: 'tenant' }, next),
    ({ id }) => [id, id],
  );
  for await (const { id, at, kind, message, data } of timeline)
    yield line({ record: 'timeline', id, at, kind, message, data });
  const credits = everyRow(
    firstPage(page, 'id'),
    (next) => listEntries(db, tenantId, {}, next),
    ({ id }) => [id, id],
  );
  for await (const entry of credits) yield line({ record: 'credits', ...entry });
  const endpoints = everyRow(
    firstPage(page, 'createdAt'),
    (next) => listEndpoints(db, { kind: 'tenant', tenantId }, {}, next),
    ({ createdAt, id }) => [createdAt, id],
  );
  for await (const { id, url, description, events, email, state, createdAt } of endpoints)
    yield line({ record: 'webhook', id, url, description, events, email, state, createdAt });
  const keys = everyRow(
    firstPage(page, 'createdAt'),
    (next) => listKeys(db, null, { tenant: tenantId }, next),
    ({ createdAt, id }) => [createdAt, id],
  );
  // Holders recognise a key by its prefix.
  for await (const { id, name, scopes, createdAt, expiresAt, lastUsedAt } of keys)
    yield line({ record: 'key', prefix: `tk_${id}`, name, scopes, createdAt, expiresAt, lastUsedAt });
  const reservations = everyRow(
    firstPage(page, 'createdAt'),
    (next) => listReservations(db, tenantId, {}, next),
    ({ createdAt, id }) => [createdAt, id],
  );
  for await (const { tenantId: _, microUnits, settledMicroUnits, ...reservation } of reservations)
    yield line({
      record: 'reservation',
      ...reservation,
      amount: decimalOf(microUnits),
      settledAmount: settledMicroUnits === null ? null : decimalOf(settledMicroUnits),
    });
}
