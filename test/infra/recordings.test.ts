import { describe, expect, test } from 'vitest';
import type { LifecycleRule } from '../../infra/storage/bucket.ts';
import {
  agedTag,
  recordingFigures,
  recordingLifecycle,
  retentionTag,
} from '../../infra/storage/recordings.ts';

const figures = recordingFigures();
const rules = recordingLifecycle(figures);

function rule(id: string): LifecycleRule {
  const found = rules.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`No rule ${id}; there are ${rules.map((each) => each.id).join(', ')}.`);
  return found;
}

/** Days after the recording was made, whichever of its writings a rule counts from. */
function lifeOf(days: number) {
  const fresh = rule(`kept-${days}-days`);
  const aged = rules.find(({ id }) => id === `kept-${days}-days-aged`);
  return { fresh, aged };
}

describe('recordings', () => {
  test('age by the figures of the catalog', () => {
    expect(figures).toEqual({
      standardDays: 7,
      infrequentAccessUntilDay: 90,
      retentionDays: [7, 30, 90, 365],
    });
  });

  test.each([
    { days: 7, aged: null, glacierOnDay: null },
    { days: 30, aged: 23, glacierOnDay: null },
    { days: 90, aged: 83, glacierOnDay: null },
    { days: 365, aged: 358, glacierOnDay: 90 },
  ])('of a plan with $days days are gone on day $days', ({ days, aged, glacierOnDay }) => {
    const life = lifeOf(days);
    expect(life.fresh.expiration).toEqual({ days });
    expect(life.aged?.expiration ?? null).toEqual(aged === null ? null : { days: aged });
    const toGlacier = (of: LifecycleRule | undefined, counted: number) =>
      ((of?.transitions ?? []) as { days: number; storageClass: string }[])
        .filter(({ storageClass }) => storageClass === 'GLACIER')
        .map((transition) => transition.days + counted);
    const expected = glacierOnDay === null ? [] : [glacierOnDay];
    expect(toGlacier(life.fresh, 0)).toEqual(expected);
    expect(toGlacier(life.aged, figures.standardDays)).toEqual(expected);
  });

  test('are told apart by the tags of their plan and their age', () => {
    const { fresh, aged } = lifeOf(30);
    expect(fresh.filter).toEqual({ tag: { key: retentionTag, value: '30' } });
    expect(aged?.filter).toEqual({ and: { tags: { [retentionTag]: '30', [agedTag]: 'true' } } });
  });

  test('never ask S3 for a move that it refuses', () => {
    for (const { transitions = [], expiration, id } of rules) {
      const steps = transitions as { days: number; storageClass: string }[];
      for (const { days, storageClass } of steps) {
        expect(days, `${id}: ${storageClass}`).toBeLessThan((expiration as { days: number }).days);
        if (storageClass === 'STANDARD_IA') expect(days, String(id)).toBeGreaterThanOrEqual(30);
      }
    }
  });
});
