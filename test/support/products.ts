/** Products that only tests sell. */
import { findProduct } from '../../tenants/catalog/index.ts';
import type { Product } from '../../tenants/catalog/types.ts';

/** The plans of Agents, with a container that reads its tenant and has a key for the API. */
export function readingProduct(id: string): Product {
  const agents = findProduct('agents');
  if (!agents) throw new Error('no such product');
  return {
    ...agents,
    id,
    meters: [],
    limits: [],
    applies: Object.keys(agents.plans[0]?.entitlements ?? {}),
    namespace: { ...agents.namespace, prefix: `${id}-` },
    runtime: { ...agents.runtime, readsTenant: true },
  };
}
