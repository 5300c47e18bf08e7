import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { describe, expect, test } from 'vitest';
import { HealthBadge, HealthNote, whyNotRunning } from '../../api/dashboard/src/parts/health.tsx';
import { activeTenant } from './fake-tenant.ts';

type Health = NonNullable<ReturnType<typeof activeTenant>['health']>;

const running: Health = {
  state: 'running',
  message: null,
  wanted: 1,
  ready: 1,
  sizes: [],
  since: null,
  lookedAt: null,
};
const text = (markup: string) =>
  markup
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();

describe('what the page says runs', () => {
  test.each<[Partial<Health>, string, string]>([
    [{}, 'Running', ''],
    [{ wanted: 3, ready: 3 }, 'Running 3 of 3', ''],
    [{ state: 'none_wanted', wanted: 0, ready: 0 }, 'Idle', ''],
    [
      { state: 'image', ready: 0, message: 'Its image is not there.' },
      'No image 0 of 1',
      'It is provisioned, and nothing of it runs Its image is not there.',
    ],
    [
      { state: 'unschedulable', wanted: 3, ready: 2, message: 'No node has room.' },
      'No room 2 of 3',
      '2 of 3 pods run No node has room.',
    ],
    [
      { state: 'unknown', wanted: null, ready: null, message: 'Nobody watches.' },
      'Not watched',
      'Whether it runs is not known Nobody watches.',
    ],
  ])('%j', (change, badge, note) => {
    const health = { ...running, ...change };
    expect(text(renderToStaticMarkup(createElement(HealthBadge, { health })))).toBe(badge);
    expect(text(renderToStaticMarkup(createElement(HealthNote, { health })))).toBe(note);
  });

  test('in a list only what is known to be wrong', () => {
    const of = (change: Partial<Health>) =>
      whyNotRunning({ ...activeTenant('abcd1234', 'professional'), health: { ...running, ...change } });
    expect(of({ state: 'crash', message: 'It crashes.' })).toBe('It crashes.');
    expect(of({ state: 'unknown', message: 'Nobody watches.' })).toBeNull();
    expect(of({})).toBeNull();
  });
});
