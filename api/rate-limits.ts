import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { type Principal, principalId } from './principal.ts';

/** How many requests a principal of each kind may make in a minute. */
export type RequestLimits = Readonly<Record<Principal['kind'], number>>;

/** A product's own application asks for all its tenants, operators' programs for the whole fleet. */
export const requestsPerMinute: RequestLimits = {
  person: 1_200,
  apiKey: 3_000,
  service: 60_000,
  operator: 60_000,
};

const windowSeconds = 60;

/** What is left of a principal's requests. */
export interface RequestAllowance {
  readonly allowed: boolean;
  readonly policy: Principal['kind'];
  readonly limit: number;
  readonly remaining: number;
  /** Until the full limit is available again. */
  readonly resetSeconds: number;
}

export interface RateLimits {
  consume(principal: Principal): Promise<RequestAllowance>;
}

/**
 * Counts in this process's memory, because a query would cost more than most requests do. So N replicas answer up to N
 * times the limit, or exactly the limit where a load balancer keeps a client at one of them; a restart starts the minute
 * over. The limit only keeps one client from crowding out the others. Plans' limits are counted exactly, elsewhere.
 */
export function createRateLimits(limits: RequestLimits = requestsPerMinute): RateLimits {
  const limiters = new Map<Principal['kind'], RateLimiterMemory>();
  const limiterOf = (kind: Principal['kind']) => {
    const known = limiters.get(kind);
    if (known) return known;
    const made = new RateLimiterMemory({ keyPrefix: kind, points: limits[kind], duration: windowSeconds });
    limiters.set(kind, made);
    return made;
  };
  return {
    consume: async (principal) => {
      const { kind } = principal;
      const allowanceOf = (allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes) => ({
        allowed,
        policy: kind,
        limit: limits[kind],
        remaining: Math.max(0, remainingPoints),
        resetSeconds: Math.ceil(msBeforeNext / 1000),
      });
      try {
        return allowanceOf(true, await limiterOf(kind).consume(principalId(principal)));
      } catch (refusal) {
        if (refusal instanceof RateLimiterRes) return allowanceOf(false, refusal);
        throw refusal;
      }
    },
  };
}

/** The fields of an answer: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/ */
export function rateLimitHeaders({ policy, limit, remaining, resetSeconds }: RequestAllowance) {
  return {
    'ratelimit-policy': `"${policy}";q=${limit};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=${remaining};t=${resetSeconds}`,
  };
}
