import type { Follower } from '../followers.ts';
import { removeTenantKeys } from './rows.ts';

/** Ends the keys of a tenant with it. */
export const keysFollower: Follower = {
  name: 'keys',
  tenantChanged: async (client, { id }, { kind }) => {
    if (kind === 'deleting' || kind === 'deleted') await removeTenantKeys(client, id);
  },
};
