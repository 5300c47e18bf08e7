/**
 * The shape of a tenant is its spec without what merely names it. Tenants of one shape get the same resources under other
 * names, so a change has the same effect on all of them.
 *
 * Fixed names and dates of the same kind replace the real ones: an owner that is a valid label stays one, a long one stays
 * long. A program may look at more than that. So a few members of each shape that differ most are declared as they are, to
 * see whether it does (`witnesses`).
 */
import { createHash } from 'node:crypto';
import type { TenantSpec } from '../../../tenants/spec.ts';

export interface Shape {
  /** Digest of everything that tenants of the shape share. */
  readonly key: string;
  /** A spec of the shape with placeholders for names. */
  readonly spec: TenantSpec;
}

/** Placeholders for names. */
const nobody = {
  tenantId: 't0000000',
  slug: 'some-tenant',
  createdAt: '2000-01-01T00:00:00Z',
  texts: {
    plain: 'somebody',
    long: 'somebody'.repeat(12),
    special: 'auth0|some body@example.com',
  },
} as const;

/** Numbers that vary from tenant to tenant are not part of the shape; witnesses have the extremes. */
const amounts = ['seats'] as const;

export function shapeOf(spec: TenantSpec): Shape {
  const anonymous: TenantSpec = {
    ...spec,
    tenantId: nobody.tenantId,
    slug: nobody.slug,
    namespace: anonymousNamespace(spec),
    owner: anonymousText(spec.owner),
    billingAccount: anonymousText(spec.billingAccount),
    createdAt: nobody.createdAt,
  };
  const { seats: _, ...common } = anonymous;
  return { key: digest(common), spec: anonymous };
}

/** Replaces the id or the slug in a namespace. One that has neither stays as it is and makes its own shape. */
function anonymousNamespace({ namespace, tenantId, slug }: TenantSpec): string {
  if (namespace.endsWith(tenantId)) return namespace.slice(0, -tenantId.length) + nobody.tenantId;
  if (namespace.endsWith(slug)) return namespace.slice(0, -slug.length) + nobody.slug;
  return namespace;
}

function anonymousText(text: string | null): string | null {
  if (text === null) return null;
  if (text.length > 63) return nobody.texts.long;
  return /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(text)
    ? nobody.texts.plain
    : nobody.texts.special;
}

/** Counts the members of a shape and keeps those that differ most. */
export class Members {
  readonly shape: Shape;
  count = 0;
  readonly #extremes = new Map<string, { readonly size: number; readonly spec: TenantSpec }>();

  constructor(shape: Shape) {
    this.shape = shape;
  }

  add(spec: TenantSpec): void {
    this.count += 1;
    for (const field of ['slug', 'namespace', 'owner', 'billingAccount'] as const) {
      this.#offer(`long ${field}`, spec[field]?.length ?? 0, spec);
      this.#offer(`short ${field}`, -(spec[field]?.length ?? 0), spec);
    }
    for (const field of amounts) {
      this.#offer(`most ${field}`, spec[field], spec);
      this.#offer(`fewest ${field}`, -spec[field], spec);
    }
  }

  #offer(extreme: string, size: number, spec: TenantSpec): void {
    const held = this.#extremes.get(extreme);
    if (!held || size > held.size) this.#extremes.set(extreme, { size, spec });
  }

  /** A handful of real members that differ most from each other. */
  get witnesses(): readonly TenantSpec[] {
    return [...new Set([...this.#extremes.values()].map(({ spec }) => spec))];
  }
}

/** Digest of a value, independent of the order of keys. */
export function digest(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex').slice(0, 20);
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, child]) => child !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, child]) => `${JSON.stringify(key)}:${canonical(child)}`).join()}}`;
}
