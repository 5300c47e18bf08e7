import type { Follower } from '../followers.ts';
import { removeTenantKeys } from './rows.ts';

/** Removes a tenant's keys when the tenant ends. */
export const keysFollower: Follower = {
  name: 'keys',
  tenantChanged: async (client, { id }, { kind }) => {
    if (kind === 'deleting' || kind === 'deleted') await removeTenantKeys(client, id);
  },
};
