/**
 * A tenant's standing, from its row alone, comparable with other tenants of its shape: which objects it has, and which of
 * their fields are ours. If two tenants of a shape stand differently, different versions of the program changed them last, or
 * somebody else did.
 */

import type { Fingerprint } from '../../store/tenants.ts';
import type { FleetMember } from './members.ts';
import { digest } from './shapes.ts';

export type Standing =
  /** Settled, and seen since its last operation. Equal digests mean equal objects and fields. */
  | { readonly kind: 'seen'; readonly digest: string }
  /** Settled, but not seen since its last operation. */
  | { readonly kind: 'unseen' }
  /** An operation is due, under way or failed, so reality differs from the row. */
  | { readonly kind: 'unsettled' };

export function standingOf({ id, spec, settled, fingerprint }: FleetMember): Standing {
  if (!settled) return { kind: 'unsettled' };
  if (fingerprint === null || Object.keys(fingerprint).length === 0) return { kind: 'unseen' };
  return { kind: 'seen', digest: digest(comparable(fingerprint, { id, namespace: spec.namespace })) };
}

/** A fingerprint without the tenant's names and the identities of its objects. */
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
