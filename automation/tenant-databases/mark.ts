/**
 * The comment of a tenant's role: whose it is, from how many connections it is throttled, and whether its place is full
 * (`tenantry:k3fj9x2a`, `tenantry:k3fj9x2a connections=20 full`). Only the administrator can write it, so it is proof
 * against the tenant.
 */
export interface RoleMark {
  /** `tenantry:<id>`, or whatever else the comment says. */
  readonly owner: string | null;
  /** The plan's connections while the role is throttled to fewer; null when it is not. */
  readonly throttledFrom: number | null;
  /** It may not write until there is room. */
  readonly full: boolean;
}

/** `throttledFrom` of the comment that an SQL expression gives; null when the role is not throttled. */
export function throttledFromSql(comment: string): string {
  return `substring(${comment} from ' connections=(\\d+)(?: full)?$')::int`;
}

const marked = /^(tenantry:[a-z0-9]+)(?: connections=(\d+))?( full)?$/;

export function readMark(comment: string | null): RoleMark {
  const found = marked.exec(comment ?? '');
  if (!found) return { owner: comment, throttledFrom: null, full: false };
  const [, owner = null, connections, full] = found;
  return {
    owner,
    throttledFrom: connections === undefined ? null : Number(connections),
    full: full !== undefined,
  };
}

export function writeMark({ owner, throttledFrom, full }: RoleMark): string {
  return `${owner}${throttledFrom === null ? '' : ` connections=${throttledFrom}`}${full ? ' full' : ''}`;
}

/** The mark of a tenant's own roles, schemas and databases. */
export function ownerComment(tenantId: string): string {
  return `tenantry:${tenantId}`;
}
