import { randomUUID } from 'node:crypto';
import { firstRow, type Queryable } from '../store/database.ts';
import { type Answer, open, seal, sha256 } from './seal.ts';

/** A request that its caller may send again under the same key. */
export interface RepeatableRequest {
  readonly principal: string;
  /** Method and path pattern. */
  readonly route: string;
  /** Chosen by the principal. */
  readonly key: string;
  /** What a repeated request must send unchanged. */
  readonly content: readonly string[];
}

/** The right to do the work of a request. */
export interface Claim {
  readonly request: RepeatableRequest;
  readonly id: string;
}

export type Claimed =
  | { readonly outcome: 'claimed'; readonly claim: Claim }
  /** An earlier request did the work. */
  | { readonly outcome: 'answered'; readonly answer: Answer }
  /** The key was used for another request. */
  | { readonly outcome: 'different' }
  /** Another request is doing the work now. */
  | { readonly outcome: 'busy'; readonly retryAfterSeconds: number };

/** Longer than any request takes: after this the process must have died, and a repeated request may take over. */
const claimMs = 120_000;
const keepMs = 24 * 3_600_000;
/** How many expired rows each claim deletes. */
const clearedAtOnce = 20;

/** Claims the work of a request unless it is done or under way. Commits by itself, so others see the claim at once. */
export async function claimRequest(db: Queryable, request: RepeatableRequest): Promise<Claimed> {
  const id = randomUUID();
  const requestSha256 = sha256(...request.content);
  const row = [request.principal, request.route, sha256(request.key)];
  const claimed = await db.query(
    `with cleared as (
       delete from tenantry.idempotency where (principal, route, key_sha256) in (
         select principal, route, key_sha256 from tenantry.idempotency
         where expires_at < now() and (principal, route, key_sha256) is distinct from ($1, $2, $3)
         limit ${clearedAtOnce} for update skip locked))
     insert into tenantry.idempotency as i (principal, route, key_sha256, request_sha256, claim, claimed_until, expires_at)
     values ($1, $2, $3, $4, $5, now() + $6 * interval '1 ms', now() + $7 * interval '1 ms')
     on conflict (principal, route, key_sha256) do update
       set request_sha256 = excluded.request_sha256, claim = excluded.claim, claimed_until = excluded.claimed_until,
         expires_at = excluded.expires_at, answer = null
       where i.expires_at < now()
         or (i.answer is null and i.claimed_until < now() and i.request_sha256 = excluded.request_sha256)`,
    [...row, requestSha256, id, claimMs, keepMs],
  );
  if (claimed.rowCount === 1) return { outcome: 'claimed', claim: { request, id } };
  const known = firstRow(
    await db.query<{ requestSha256: Buffer; answer: Buffer | null }>(
      `select request_sha256 as "requestSha256", answer from tenantry.idempotency
       where principal = $1 and route = $2 and key_sha256 = $3`,
      row,
    ),
  );
  // The other request was refused and released its claim a moment ago.
  if (!known) return { outcome: 'busy', retryAfterSeconds: 1 };
  if (!known.requestSha256.equals(requestSha256)) return { outcome: 'different' };
  if (known.answer === null) return { outcome: 'busy', retryAfterSeconds: 1 };
  return { outcome: 'answered', answer: open(known.answer, request.key, contextOf(request)) };
}

/**
 * Records the answer for 24 hours. Call it in the transaction that does the work, so that both commit or neither; or after
 * work that is safe to do twice.
 * @returns false when another request has taken the claim over
 */
export async function recordAnswer(db: Queryable, { request, id }: Claim, answer: Answer): Promise<boolean> {
  const { rowCount } = await db.query(
    `update tenantry.idempotency set answer = $5
     where principal = $1 and route = $2 and key_sha256 = $3 and claim = $4`,
    [
      request.principal,
      request.route,
      sha256(request.key),
      id,
      seal(answer, request.key, contextOf(request)),
    ],
  );
  return rowCount === 1;
}

/** Releases the claim of a refused request, so that its caller can correct it and send the same key again. */
export async function releaseClaim(db: Queryable, { request, id }: Claim): Promise<void> {
  await db.query(
    `delete from tenantry.idempotency
     where principal = $1 and route = $2 and key_sha256 = $3 and claim = $4 and answer is null`,
    [request.principal, request.route, sha256(request.key), id],
  );
}

/** A token that this request and its repeats share with no other, and that does not reveal the key. */
export function requestToken({ principal, route, key }: RepeatableRequest, purpose: string): string {
  return sha256(principal, route, key, purpose).toString('base64url');
}

function contextOf({ principal, route }: RepeatableRequest): string {
  return `${route} ${principal}`;
}
