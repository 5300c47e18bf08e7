import type { Follower } from './followers.ts';
import { keysFollower } from './keys/index.ts';
import { meteringFollower } from './metering/index.ts';
import { notifyFollower } from './notify/index.ts';
import { followersOf, type Service } from './service.ts';

/** Follows every change of a tenant, whether the API or a worker makes it. In the order in which they run. */
export function tenantFollowers(services: readonly Service[]): readonly Follower[] {
  return [keysFollower, meteringFollower, notifyFollower, ...followersOf(services)];
}
