import type { Entry, Tenant } from './types.ts';

/** One sequence of work: one payment, one plan change, one cancellation. */
export interface Episode {
  /** Of its first entry. */
  readonly startedAt: string;
  readonly durationMs: number;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly entry: Entry;
  /** Since the first entry of the episode. */
  readonly offsetMs: number;
  /** Since the step before; 0 for the first. */
  readonly tookMs: number;
}

/** Entries that are further apart belong to different episodes. Long enough for the pause between two attempts. */
const pauseMs = 60_000;
/** Once the work is done, only entries that follow this soon belong to it. */
const afterwardsMs = 3_000;

/** Orders the trail and cuts it where nothing happened for a while. The newest episode comes last. */
export function episodes(entries: readonly Entry[]): Episode[] {
  const groups: Entry[][] = [];
  let endsMs = Number.NEGATIVE_INFINITY;
  for (const entry of [...entries].sort((a, b) => a.id - b.id)) {
    const atMs = Date.parse(entry.at);
    const current = groups.at(-1);
    if (current === undefined || atMs > endsMs) groups.push([entry]);
    else current.push(entry);
    endsMs = atMs + (isSettled(entry.kind) ? afterwardsMs : pauseMs);
  }
  return groups.flatMap((group) => {
    const first = group[0];
    return first === undefined ? [] : [episode(first, group)];
  });
}

/** Whether the tenant is in its desired state after this. */
function isSettled(kind: string): boolean {
  return /^(operation\.succeeded|tenant\.(active|suspended|deleted))$/.test(kind);
}

function episode(first: Entry, group: readonly Entry[]): Episode {
  const startMs = Date.parse(first.at);
  let reachedMs = 0;
  const steps = group.map((entry) => {
    const offsetMs = Math.max(reachedMs, Date.parse(entry.at) - startMs);
    const tookMs = offsetMs - reachedMs;
    reachedMs = offsetMs;
    return { entry, offsetMs, tookMs };
  });
  return { startedAt: first.at, durationMs: reachedMs, steps };
}

/** Adds an entry unless the trail already has it: a resumed stream may repeat the last one. */
export function withEntry(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  return entries.some((known) => known.id === entry.id) ? entries : [...entries, entry];
}

/**
 * Milliseconds from the first sign of the payment to the tenant's first activation, or null when unknown: not active
 * yet, or older than its present subscription.
 */
export function paymentToActiveMs({ requestedAt, createdAt, activeAt }: Tenant): number | null {
  if (activeAt === null) return null;
  const tookMs = Date.parse(activeAt) - Date.parse(requestedAt ?? createdAt);
  return tookMs < 0 ? null : tookMs;
}

export type Tone = 'plain' | 'progress' | 'good' | 'warning' | 'bad';

const toneOf: Readonly<Record<string, Tone>> = {
  started: 'progress',
  requested: 'progress',
  created: 'progress',
  claimed: 'progress',
  succeeded: 'good',
  active: 'good',
  reattached: 'good',
  drifted: 'warning',
  suspended: 'warning',
  deleted: 'warning',
  failed: 'bad',
  cause: 'bad',
  problem: 'bad',
  missing: 'bad',
};

/** The colour of an entry's mark: kinds are `subject.what`, and the second part decides. */
export function entryTone(kind: string): Tone {
  return toneOf[kind.slice(kind.lastIndexOf('.') + 1)] ?? 'plain';
}
