import type { PropertyChange } from '../provider.ts';
import { type ApiCause, isStatus } from './errors.ts';

/** How the API says that a field cannot change: in validation, in built-in strategies and in CEL rules of CRDs. */
const immutableMessage =
  /immutable|updates to .*\b(?:is|are) forbidden|may not change|cannot change|can not be changed|cannot be changed|may not be changed/i;
const shrinkMessage = /can not be less than (?:status\.capacity|previous value)/i;

/** The causes of a refused update that only a new object can satisfy; null when the refusal has another reason. */
export function immutableCauses(error: unknown): readonly ApiCause[] | null {
  if (!isStatus(error, 422)) return null;
  const { causes, message } = error.status;
  const listed = causes.length > 0 ? causes : [{ reason: '', message, field: '' }];
  const found = listed.filter((cause) => immutableMessage.test(cause.message));
  return found.length > 0 ? found : null;
}

/** A volume was asked to shrink: a replacement would lose its data, so it is never the answer. */
export function isShrinkRefusal(error: unknown): boolean {
  return isStatus(error, 422) && shrinkMessage.test(error.status.message);
}

/** The changes, with those that the causes name marked as replacing; all of them when no cause names one. */
export function markReplacing(
  changes: readonly PropertyChange[],
  causes: readonly ApiCause[],
): readonly PropertyChange[] {
  const concerns = (change: PropertyChange): boolean =>
    causes.some(
      ({ field }) => field !== '' && (contains(field, change.path) || contains(change.path, field)),
    );
  const named = changes.some(concerns);
  return changes.map((change) => (!named || concerns(change) ? { ...change, replace: true } : change));
}

function contains(outer: string, inner: string): boolean {
  return inner === outer || inner.startsWith(`${outer}.`) || inner.startsWith(`${outer}[`);
}
