import { databasePlace } from './data.ts';
import { tenantObjects } from './objects.ts';
import type { TenantSpec } from './spec.ts';
import { type Cell, defaultCell, resolveTenant } from './tenant.ts';

/**
 * True when the program declares the same for both specs, so that going from one to the other needs no engine: a slot
 * claimed on the plan it was prepared with, say, differs in nothing that the program uses.
 */
export function declaresTheSame(a: TenantSpec, b: TenantSpec, cell: Cell = defaultCell): boolean {
  return declared(a, cell) === declared(b, cell);
}

function declared(spec: TenantSpec, cell: Cell): string {
  const tenant = resolveTenant(spec, cell);
  return JSON.stringify([tenantObjects(tenant), databasePlace(tenant)]);
}
