/** Plans' promises of recovery: how soon a tenant is back (RTO), and how much is lost at most (RPO). Pure. */
import { catalog } from '../../tenants/catalog/index.ts';
import type { Product } from '../../tenants/catalog/types.ts';

export interface RecoveryPromise {
  readonly product: string;
  readonly plan: string;
  readonly rtoMinutes: number | null;
  readonly rpoMinutes: number | null;
}

/** Lists the plans with a promise, the shortest RTO first: their tenants come back in this order. */
export function recoveryPromises(products: readonly Product[] = catalog): readonly RecoveryPromise[] {
  const promises = products.flatMap(({ id, plans }) =>
    plans.flatMap((plan): RecoveryPromise[] => {
      const { rtoMinutes = null, rpoMinutes = null } = plan.entitlements;
      return rtoMinutes === null && rpoMinutes === null
        ? []
        : [{ product: id, plan: plan.id, rtoMinutes, rpoMinutes }];
    }),
  );
  const order = ({ rtoMinutes }: RecoveryPromise) => rtoMinutes ?? Number.POSITIVE_INFINITY;
  return promises.toSorted((a, b) => order(a) - order(b));
}

/** How many tenants of a plan a recovery has not brought back yet. */
export interface Unrecovered {
  readonly product: string;
  readonly plan: string;
  readonly tenants: number;
}

/** Says how much time is left for tenants that are not back yet, one text for each plan. */
export function openPromises(
  unrecovered: readonly Unrecovered[],
  elapsedMs: number,
  promises: readonly RecoveryPromise[] = recoveryPromises(),
): string[] {
  return promises.flatMap(({ product, plan, rtoMinutes }) => {
    const left = unrecovered.find((one) => one.product === product && one.plan === plan);
    if (!left || rtoMinutes === null) return [];
    const minutes = rtoMinutes - Math.floor(elapsedMs / 60_000);
    const state = minutes >= 0 ? `${minutes} min are left` : `late by ${-minutes} min`;
    return [`${left.tenants} of ${product} ${plan} to be back within ${rtoMinutes} min: ${state}`];
  });
}

/** Names the plans whose RPO is shorter than a backup's age, each with its RPO. */
export function missedByBackup(
  ageMs: number,
  promises: readonly RecoveryPromise[] = recoveryPromises(),
): string[] {
  return promises.flatMap(({ product, plan, rpoMinutes }) =>
    rpoMinutes !== null && ageMs > rpoMinutes * 60_000 ? [`${product} ${plan} (${rpoMinutes} min)`] : [],
  );
}
