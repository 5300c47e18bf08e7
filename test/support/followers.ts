import type { Follower, Following, TenantChange } from '../../automation/followers.ts';

/** For code that changes tenants in tests without followers. */
export const unfollowed: Following = { followers: [], now: () => new Date() };

/** A follower that records each change as one text. */
export function listener(): { readonly follower: Follower; readonly heard: string[] } {
  const heard: string[] = [];
  return {
    heard,
    follower: {
      name: 'listener',
      async tenantChanged(_client, tenant, change) {
        heard.push(`${tenant.id} ${told(change)}`);
      },
    },
  };
}

function told(change: TenantChange): string {
  switch (change.kind) {
    case 'suspended':
      return `suspended ${change.reason}`;
    case 'plan_changed':
    case 'seats_changed':
      return `${change.kind} ${change.from} ${change.to}`;
    default:
      return change.kind;
  }
}
