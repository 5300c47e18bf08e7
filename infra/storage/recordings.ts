/**
 * How recordings age: Standard for 7 days, infrequent access to day 90, then Glacier, until the plan's retention ends.
 *
 * S3's lifecycle refuses to move an object to infrequent access before its 30th day, and counts an object's age from its last
 * write. So on its 7th day a function (`age-recordings.ts`) rewrites a recording unchanged with the cheaper class and tags it
 * `aged`; later days of an aged recording count from there. An object that the function misses goes to infrequent access on
 * day 30, and later steps happen on the usual days.
 */
import { catalog, platform } from '../../tenants/catalog/index.ts';
import type { LifecycleRule } from './bucket.ts';

/** Tag of a recording: the days that its tenant's plan keeps it. Set when it is written. */
export const retentionTag = 'retention-days';
/** Tag of a recording that has been rewritten in infrequent access. */
export const agedTag = 'aged';

/** The first day on which S3's lifecycle accepts infrequent access (S3 API reference, `Transition`, 2026-11). */
const earliestLifecycleInfrequentAccessDay = 30;

export interface RecordingFigures {
  /** Days in Standard. */
  readonly standardDays: number;
  /** The day on which infrequent access ends and Glacier begins. */
  readonly infrequentAccessUntilDay: number;
  /** Days that the plans keep recordings, shortest first. */
  readonly retentionDays: readonly number[];
}

/** How recordings age on the platform, and how long plans keep them. */
export function recordingFigures(): RecordingFigures {
  const days = catalog.flatMap(({ plans }) =>
    plans.flatMap(({ entitlements }) => entitlements.recordingRetentionDays ?? []),
  );
  return { ...platform.recordings, retentionDays: [...new Set(days)].sort((a, b) => a - b) };
}

/** The lifecycle of the bucket of recordings: for each retention a rule for new recordings and one for aged ones. */
export function recordingLifecycle(figures: RecordingFigures): LifecycleRule[] {
  const { standardDays, infrequentAccessUntilDay, retentionDays } = figures;
  return retentionDays.flatMap((days): LifecycleRule[] => {
    const tag = { [retentionTag]: String(days) };
    const fresh: LifecycleRule = {
      id: `kept-${days}-days`,
      status: 'Enabled',
      filter: { tag: { key: retentionTag, value: String(days) } },
      ...transitions([
        { days: earliestLifecycleInfrequentAccessDay, storageClass: 'STANDARD_IA', until: days },
        { days: infrequentAccessUntilDay, storageClass: 'GLACIER', until: days },
      ]),
      expiration: { days },
    };
    // Nothing of it is left to age.
    if (days <= standardDays) return [fresh];
    const left = days - standardDays;
    return [
      fresh,
      {
        id: `kept-${days}-days-aged`,
        status: 'Enabled',
        filter: { and: { tags: { ...tag, [agedTag]: 'true' } } },
        ...transitions([
          { days: infrequentAccessUntilDay - standardDays, storageClass: 'GLACIER', until: left },
        ]),
        expiration: { days: left },
      },
    ];
  });
}

/** Only what happens before the object's end: S3 refuses a move on or after the day of expiry. */
function transitions(
  steps: readonly { days: number; storageClass: string; until: number }[],
): Pick<LifecycleRule, 'transitions'> {
  const before = steps.filter(({ days, until }) => days < until);
  return before.length === 0
    ? {}
    : { transitions: before.map(({ days, storageClass }) => ({ days, storageClass })) };
}
