import type { Follower } from '../followers.ts';
import { removeTenantKeys } from './rows.ts';

/** Removes a deleted tenant's keys. They are refused from the moment that its deletion is wanted. */
export const keysFollower: Follower = {
  name: 'keys',
  tenantChanged: async (client, { id }, { kind }) => {
    if (kind === 'deleted') await removeTenantKeys(client, id);
  },
};
