/** What a check found of one demand of the pod's contract. */
export interface Verdict {
  /** Stable name of the demand, as `docs/pod-contract.md` lists them. */
  readonly rule: string;
  /** `ok` holds; `problem` keeps the pod from running or ends it; `warning` works, but not well. */
  readonly outcome: 'ok' | 'warning' | 'problem';
  /** Where it was found: a container, an object, the image. */
  readonly where: string;
  /** What is so, and how to mend what is wrong. */
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

/** What is checked cannot be read; the message says why and what to give instead. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
