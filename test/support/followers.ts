import type { Follower, Following, TenantChange } from '../../automation/followers.ts';

/** For what changes tenants while nobody follows. */
export const unfollowed: Following = { followers: [], now: () => new Date() };

/** A follower that writes down what it hears, one text for each change. */
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
