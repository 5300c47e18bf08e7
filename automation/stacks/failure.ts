import type { OperationResult } from './protocol.ts';

/** Why an operation failed, in words for the tenant and in words for the operator. */
export interface Failure {
  readonly code: FailureCode;
  /** For the tenant: no names of internals, no secrets. */
  readonly message: string;
  /** For the operator: the engine's own diagnostics. */
  readonly cause: string;
  /** True when another try cannot help and something must change first. */
  readonly permanent: boolean;
}

export type FailureCode =
  | 'rejected_by_cluster'
  | 'name_conflict'
  | 'not_permitted'
  | 'capacity'
  | 'unreachable'
  | 'deletion_blocked'
  | 'timed_out'
  | 'interrupted'
  | 'engine_failed';

interface Rule {
  readonly code: FailureCode;
  readonly permanent: boolean;
  readonly message: string;
  readonly pattern: RegExp;
}

/** The first match wins. Transient causes come first, because one of them explains everything else that was reported. */
const rules: readonly Rule[] = [
  {
    code: 'engine_failed',
    permanent: false,
    message: 'The change could not be completed. We keep trying.',
    // Something else wrote the object at the same moment; the next try reads it again.
    pattern: /the object has been modified/i,
  },
  {
    code: 'unreachable',
    permanent: false,
    message: 'The platform could not be reached. We keep trying.',
    pattern:
      /ECONNREFUSED|ECONNRESET|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EPIPE|UND_ERR_\w*TIMEOUT|socket hang up|connection (refused|reset|terminated)|cannot be reached|i\/o timeout|deadline exceeded|TLS handshake|etcdserver:|\b50[234]\b|the database system is|too many clients|UNAVAILABLE/i,
  },
  {
    code: 'deletion_blocked',
    permanent: false,
    message: 'Something in the tenant is not finished being deleted yet. We keep trying.',
    pattern: /finalizer|still being deleted|is being terminated|Terminating/i,
  },
  {
    code: 'capacity',
    permanent: false,
    message: 'The platform is short of room at the moment. We keep trying.',
    pattern: /exceeded quota|TooManyRequests|\b429\b|too many requests|no space left|out of (disk|memory)/i,
  },
  {
    code: 'name_conflict',
    permanent: true,
    message: 'Something with the same name exists already and does not belong to this tenant.',
    pattern: /belongs to (another|no) tenant|conflict|already exists/i,
  },
  {
    code: 'not_permitted',
    permanent: true,
    message: 'The control plane lacks a permission on the platform.',
    pattern:
      /forbidden: user|cannot (create|patch|get|list|delete) resource|permission denied|Unauthorized|\b401\b/i,
  },
  {
    code: 'rejected_by_cluster',
    permanent: true,
    message: 'The platform rejected a part of the tenant.',
    pattern:
      /denied the request|is invalid|violates PodSecurity|admission webhook|field is immutable|Forbidden|\b422\b/i,
  },
];

/** Decides what a failed operation means. The one place that tells permanent from transient. */
export function classifyFailure(result: Exclude<OperationResult, { outcome: 'succeeded' }>): Failure {
  if (result.outcome === 'killed') return killedFailure(result);
  const rule = rules.find(({ pattern }) => pattern.test(result.cause));
  if (rule) {
    return { code: rule.code, message: rule.message, cause: result.cause, permanent: rule.permanent };
  }
  return {
    code: 'engine_failed',
    message: 'The change could not be completed. We keep trying.',
    cause: result.cause,
    permanent: false,
  };
}

function killedFailure(result: Extract<OperationResult, { outcome: 'killed' }>): Failure {
  const timedOut = result.why === 'timeout';
  return {
    code: timedOut ? 'timed_out' : 'interrupted',
    message: timedOut
      ? 'The change took too long and was stopped. We try again.'
      : 'The change was interrupted. We try again.',
    cause: `the engine was killed after ${result.durationMs} ms: ${result.why}`,
    permanent: false,
  };
}
