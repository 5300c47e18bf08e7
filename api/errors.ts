import type { ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Logger } from 'pino';
import Stripe from 'stripe';
import { BillingRefusal } from '../automation/billing/index.ts';
import { CheckProblem, type Refusal, UseRefused } from '../automation/entitlements/index.ts';
import { TooManyKeys } from '../automation/keys/index.ts';
import { isDatabaseAway } from '../automation/store/database.ts';

/** Every error that the API answers with, by code: its status and its title. Clients may rely on the codes. */
const problems = {
  invalid_request: [400, 'The request is not valid'],
  invalid_signature: [400, 'The webhook signature is not valid'],
  unauthenticated: [401, 'A valid access token is required'],
  suspended: [402, 'The tenant is suspended'],
  not_in_plan: [402, 'The plan does not include this'],
  insufficient_credits: [402, 'The credits do not suffice'],
  budget_exhausted: [402, 'The budget does not suffice'],
  payment_declined: [402, 'The payment was declined'],
  forbidden: [403, 'The token does not allow this'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'The method is not allowed here'],
  not_ready: [409, 'The tenant is not ready'],
  name_taken: [409, 'The name is taken'],
  request_in_progress: [409, 'The same request is being worked on'],
  cause_reused: [409, 'The id was used before for something else'],
  hold_closed: [409, 'The hold is over'],
  payment_overdue: [409, 'A payment is overdue'],
  subscription_ended: [409, 'The subscription has ended'],
  not_payable: [409, 'The invoice cannot be paid'],
  no_credits: [409, 'The product is not on credits'],
  by_hand: [409, 'Only a person can do this, outside of this service'],
  not_open: [409, 'The finding is over, or does not count yet'],
  finding_changed: [409, 'It is not as it was found any more'],
  limit_reached: [409, 'There are as many as there can be'],
  endpoint_disabled: [409, 'The webhook endpoint is disabled'],
  payload_too_large: [413, 'The request body is too large'],
  idempotency_key_reused: [422, 'The idempotency key was used for something else'],
  plan_not_for_sale: [422, 'The plan cannot be bought here'],
  rate_limited: [429, 'Too many requests'],
  plan_limit_reached: [429, 'A limit of the plan is reached'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'A service we depend on is not available'],
} as const satisfies Record<string, readonly [ContentfulStatusCode, string]>;

export type ProblemCode = keyof typeof problems;

/** An error that is answered as RFC 9457 problem details. */
export class Problem extends Error {
  readonly code: ProblemCode;
  /** The fields at fault. */
  readonly errors: readonly FieldError[];
  /** Headers of the answer beside its type. */
  readonly headers: Readonly<Record<string, string>>;
  /** Which limit refuses a use, how much is left, and which plan has more. */
  readonly refusal: Refusal | null;

  constructor(
    code: ProblemCode,
    detail: string,
    errors: readonly FieldError[] = [],
    headers: Readonly<Record<string, string>> = {},
    refusal: Refusal | null = null,
  ) {
    super(detail);
    this.name = 'Problem';
    this.code = code;
    this.errors = errors;
    this.headers = headers;
    this.refusal = refusal;
  }
}

export interface FieldError {
  readonly field: string;
  readonly message: string;
}

/** The members of an answer of type `application/problem+json`. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problemBody({ code, message, errors, refusal }: Problem) {
  const [status, title] = problems[code];
  return {
    type: `urn:tenantry:problem:${code}`,
    title,
    status,
    detail: message,
    code,
    ...(errors.length > 0 && { errors: [...errors] }),
    ...(refusal && { refusal: refusalView(refusal) }),
  };
}

function refusalView({ limit, allowed, left, requested, resetsAt, planWithMore }: Refusal) {
  return {
    limit,
    allowed,
    left,
    requested,
    resetsAt: resetsAt?.toISOString() ?? null,
    planWithMore: planWithMore && { ...planWithMore },
  };
}

export function problemResponse(problem: Problem): Response {
  const body = problemBody(problem);
  const { status } = body;
  return Response.json(body, {
    status,
    headers: {
      ...problem.headers,
      'content-type': 'application/problem+json',
      // RFC 9110: a 401 says how to authenticate.
      ...(status === 401 && { 'www-authenticate': 'Bearer' }),
    },
  });
}

/** Says when to try again if waiting helps. */
function retryAfter({ code, resetsAt }: Refusal): Record<string, string> {
  if (code !== 'plan_limit_reached' || resetsAt === null) return {};
  return { 'retry-after': String(Math.max(1, Math.ceil((resetsAt.getTime() - Date.now()) / 1000))) };
}

/** Turns any error into what the caller may know; internals stay in the log. */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BillingRefusal || error instanceof CheckProblem)
    return new Problem(error.code, error.message, error.errors);
  if (error instanceof TooManyKeys) return new Problem('limit_reached', error.message);
  if (error instanceof UseRefused)
    return new Problem(error.refusal.code, error.message, [], retryAfter(error.refusal), error.refusal);
  if (error instanceof HTTPException && error.status < 500) {
    return new Problem(error.status === 413 ? 'payload_too_large' : 'invalid_request', error.message);
  }
  if (error instanceof Stripe.errors.StripeError) {
    return new Problem('unavailable', 'The payment service does not answer. Try again in a moment.');
  }
  if (isDatabaseAway(error)) {
    return new Problem('unavailable', 'The database cannot be reached. Try again in a moment.');
  }
  return new Problem('internal', 'The error is logged; try again, and tell the operator if it persists.');
}

export function errorHandler(log: Logger): ErrorHandler {
  return (error, c) => {
    const problem = toProblem(error);
    if (problem.code === 'internal' || problem.code === 'unavailable') {
      log.error({ error, method: c.req.method, path: c.req.path }, 'a request failed');
    }
    return problemResponse(problem);
  };
}
