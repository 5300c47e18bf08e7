/**
 * How a tenant stands, from its row alone, in a form that is comparable with other tenants of its shape: which
 * objects it has, and which fields of each are ours. Two tenants of one shape that stand differently were last
 * changed by different versions of the program, or by somebody else.
 */

import type { Fingerprint } from '../../store/tenants.ts';
import type { FleetMember } from './members.ts';
import { digest } from './shapes.ts';

export type Standing =
  /** Seen since its last operation, and settled; equal digests mean equal objects and fields. */
  | { readonly kind: 'seen'; readonly digest: string }
  /** Settled, but nobody has looked since its last operation. */
  | { readonly kind: 'unseen' }
  /** An operation is wanted, under way or failed: reality is not what the row says. */
  | { readonly kind: 'unsettled' };

export function standingOf({ id, spec, settled, fingerprint }: FleetMember): Standing {
  if (!settled) return { kind: 'unsettled' };
  if (fingerprint === null || Object.keys(fingerprint).length === 0) return { kind: 'unseen' };
  return { kind: 'seen', digest: digest(comparable(fingerprint, { id, namespace: spec.namespace })) };
}

/** A fingerprint without a tenant's own parts: its names, and the identities of its objects. */
export function comparable(
  fingerprint: Fingerprint,
  own: { readonly id: string; readonly namespace: string },
): Readonly<Record<string, string>> {
  const anonymous = (text: string) =>
    text.replaceAll(own.id, '{id}').replaceAll(own.namespace, '{namespace}');
  return Object.fromEntries(
    Object.entries(fingerprint).map(([name, mark]) => {
      // A mark begins with the object's uid, or its oid in PostgreSQL.
      const [, ...rest] = mark.split(':');
      return [anonymous(name), anonymous(rest.join(':'))];
    }),
  );
}
