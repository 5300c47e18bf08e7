/** The result of checking one demand of the pod's contract. */
export interface Verdict {
  /** The demand's stable name in `docs/pod-contract.md`. */
  readonly rule: string;
  /** `problem`: the pod could not run, or would be ended. `warning`: it would run, but not well. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  /** Where it was found: a container, an object, the image. */
  readonly where: string;
  /** What was found, and how to fix what is wrong. */
  readonly message: string;
}

export const ok = (rule: string, where: string, message: string): Verdict => ({
  rule,
  outcome: 'ok',
  where,
  message,
});
export const warning = (rule: string, where: string, message: string): Verdict => ({
  rule,
  outcome: 'warning',
  where,
  message,
});
export const problem = (rule: string, where: string, message: string): Verdict => ({
  rule,
  outcome: 'problem',
  where,
  message,
});

/** What should be checked cannot be read. The message says why and what to give instead. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
