import { databasePlace } from './data.ts';
import { tenantObjects } from './objects.ts';
import { readsTenant } from './pod-contract.ts';
import type { TenantSpec } from './spec.ts';
import { type Cell, defaultCell, resolveTenant } from './tenant.ts';

/**
 * True when the program declares the same resources for both specs, so that changing one to the other needs no engine. For
 * example, claiming a slot on its own plan changes nothing that the program uses.
 */
export function declaresTheSame(a: TenantSpec, b: TenantSpec, cell: Cell = defaultCell): boolean {
  return declared(a, cell) === declared(b, cell);
}

function declared(spec: TenantSpec, cell: Cell): string {
  const tenant = resolveTenant(spec, cell);
  const apiKey = readsTenant(tenant) ? (spec.apiKeyRenewals ?? 0) : null;
  return JSON.stringify([tenantObjects(tenant), databasePlace(tenant), apiKey]);
}
