/** The audit trail as text. Pure. */
import type { TimelineEntry } from '../../api/client/index.ts';
import { duration, plain, table } from './table.ts';

/** Entries further apart than this belong to different episodes: the clock restarts. */
const episodeGapMs = 60_000;

/** The trail in order; each line says when, and how long after the first of its episode. */
export function timelineText(entries: readonly TimelineEntry[]): string {
  if (entries.length === 0) return 'Nothing has happened yet.';
  let startMs = 0;
  let previousMs = Number.NEGATIVE_INFINITY;
  const rows = entries.map(({ at, kind, message }) => {
    const atMs = Date.parse(at);
    if (atMs - previousMs > episodeGapMs) startMs = atMs;
    previousMs = atMs;
    return [moment(at), `+${duration(atMs - startMs)}`, kind, message];
  });
  return table(['WHEN (UTC)', 'AFTER', 'WHAT', 'MESSAGE'], rows);
}

/** One entry of a trail that is followed live. */
export function timelineLine({ at, kind, message }: TimelineEntry): string {
  return `${moment(at)}  ${kind.padEnd(kindWidth)}  ${plain(message)}`;
}

/** One entry, by the time since something else happened. */
export function sinceLine({ at, message }: Pick<TimelineEntry, 'at' | 'message'>, sinceMs: number): string {
  return `${`+${duration(Date.parse(at) - sinceMs)}`.padStart(9)}  ${plain(message)}`;
}

const kindWidth = 'subscription.missing'.length;

/** `2026-11-21 03:50:12.123` */
function moment(iso: string): string {
  return new Date(iso).toISOString().replace('T', ' ').slice(0, 23);
}
