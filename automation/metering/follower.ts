import { findProduct } from '../../tenants/catalog/index.ts';
import type { Follower } from '../followers.ts';
import { tellLimits } from './tell-limits.ts';
import { dayOf, monthNamed } from './time.ts';

/** Notifies of limits of a new plan that the month's use has already reached. */
export const meteringFollower: Follower = {
  name: 'metering',
  async tenantChanged(client, { id, product }, change, at) {
    if (change.kind !== 'plan_changed') return;
    const used = (findProduct(product)?.meters ?? []).map((meter) => ({ tenantId: id, dimension: meter.id }));
    await tellLimits(client, monthNamed(dayOf(at)), used);
  },
};
