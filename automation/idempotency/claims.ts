import { randomUUID } from 'node:crypto';
import { firstRow, type Queryable } from '../store/database.ts';
import { type Answer, open, seal, sha256 } from './seal.ts';

/** A request that may be repeated. */
export interface RepeatableRequest {
  /** Who makes it. */
  readonly principal: string;
  /** Its method and the pattern of its path. */
  readonly route: string;
  /** As the principal chose it. */
  readonly key: string;
  /** Everything that must be the same in a repetition. */
  readonly content: readonly string[];
}

/** The right to do the work of a request. */
export interface Claim {
  readonly request: RepeatableRequest;
  readonly id: string;
}

export type Claimed =
  | { readonly outcome: 'claimed'; readonly claim: Claim }
  /** It was done before. */
  | { readonly outcome: 'answered'; readonly answer: Answer }
  /** The key was used for another request. */
  | { readonly outcome: 'different' }
  /** Somebody is at it. */
  | { readonly outcome: 'busy'; readonly retryAfterSeconds: number };

/** Longer than any request takes. Afterwards a repetition may take over, as the process must have died. */
const claimMs = 120_000;
const keepMs = 24 * 3_600_000;
/** Rows that each claim clears away of those whose time is over. */
const clearedAtOnce = 20;

/** Claims the work of a request, unless it was done or is being done. Commits by itself: others see it at once. */
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
  // Given back just now, as it was refused.
  if (!known) return { outcome: 'busy', retryAfterSeconds: 1 };
  if (!known.requestSha256.equals(requestSha256)) return { outcome: 'different' };
  if (known.answer === null) return { outcome: 'busy', retryAfterSeconds: 1 };
  return { outcome: 'answered', answer: open(known.answer, request.key, contextOf(request)) };
}

/**
 * Records the answer, for 24 hours. In the transaction that does the work, so that neither is there without the other; or
 * after work that does nothing when it is done again.
 * @returns false when somebody else has taken the claim over
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

/** Gives the claim of a request back that was refused: the same key may be sent again, with what it lacked. */
export async function releaseClaim(db: Queryable, { request, id }: Claim): Promise<void> {
  await db.query(
    `delete from tenantry.idempotency
     where principal = $1 and route = $2 and key_sha256 = $3 and claim = $4 and answer is null`,
    [request.principal, request.route, sha256(request.key), id],
  );
}

/** A text that belongs to this request and to its repetitions alone, and that tells nothing of the key. */
export function requestToken({ principal, route, key }: RepeatableRequest, purpose: string): string {
  return sha256(principal, route, key, purpose).toString('base64url');
}

function contextOf({ principal, route }: RepeatableRequest): string {
  return `${route} ${principal}`;
}
