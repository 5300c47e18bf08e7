import { findPlan, platform } from '../../tenants/catalog/index.ts';
import type { Cell, DatabaseServer } from '../store/cells.ts';

/** The region where a law keeps data, by the name that customers use for the law. */
export const residencies = { gdpr: platform.gdprRegion } as const;
export type Residency = keyof typeof residencies;

/** What decides where a new tenant is placed. */
export interface PlaceAsked {
  readonly product: string;
  readonly plan: string;
  /** Region that the customer asked for, or null. */
  readonly region: string | null;
  /** Law that the customer's data must stay under, or null. */
  readonly residency: Residency | null;
}

export type Placement =
  | { readonly cell: Cell }
  /** No place satisfies the request. The customer reads the problem. */
  | { readonly field: 'region' | 'residency'; readonly problem: string };

/**
 * Picks the cell of a new tenant; of several in one region the first by id. Pure.
 * @param cells all cells
 * @param fallback the cell of customers who ask for no region, while no cell is the home: a small installation's only one
 */
export function placeTenant(
  asked: PlaceAsked,
  cells: readonly (Cell & { readonly home: boolean })[],
  fallback: Cell,
): Placement {
  const wanted = wantedRegion(asked);
  if (wanted !== null && typeof wanted === 'object') return wanted;
  if (wanted === null) return { cell: cells.find(({ home }) => home) ?? fallback };
  const [cell] = cells
    .filter(({ region }) => region === wanted)
    .sort((a, b) => Number(b.home) - Number(a.home) || (a.id < b.id ? -1 : 1));
  if (cell) return { cell: { id: cell.id, region: cell.region } };
  const regions = [...new Set(cells.map(({ region }) => region))].sort();
  return {
    field: asked.region === null ? 'residency' : 'region',
    problem: `There is no cell in the region ${wanted}; tenants can be in ${regions.join(', ') || 'none yet'}.`,
  };
}

/**
 * Picks a new tenant's own database server: one that was ordered for it, else the first free one that was ordered for
 * nobody. Null stands for the cell's shared server: for plans without a database of their own, and where no server is
 * left, because those plans promise a database and not a server. Pure.
 * @param servers of the tenant's cell, by name
 */
export function placeDatabase(
  tenant: { readonly product: string; readonly plan: string; readonly slug: string },
  servers: readonly DatabaseServer[],
): string | null {
  if (findPlan(tenant.product, tenant.plan)?.dataIsolation !== 'database') return null;
  const free = servers.filter(({ tenant: taken }) => taken === null);
  const server = free.find(({ slug }) => slug === tenant.slug) ?? free.find(({ slug }) => slug === null);
  return server?.name ?? null;
}

/** The region that customer and law ask for together; null when neither does, a problem when they contradict. */
function wantedRegion({ product, plan, region, residency }: PlaceAsked): string | null | Placement {
  if (residency === null) return region;
  if (findPlan(product, plan)?.entitlements.compliance !== true) {
    return {
      field: 'residency',
      problem: `The plan ${plan} of ${product} does not include compliance; a region can be chosen all the same.`,
    };
  }
  const keeps = residencies[residency];
  if (region !== null && region !== keeps) {
    return {
      field: 'region',
      problem: `Data under ${residency.toUpperCase()} stays in ${keeps}, not in ${region}.`,
    };
  }
  return keeps;
}
