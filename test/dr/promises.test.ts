import { describe, expect, test } from 'vitest';
import { missedByBackup, openPromises, recoveryPromises } from '../../automation/dr/promises.ts';
import { recoveryStatus } from '../../automation/dr/status.ts';
import type { RecoveryTarget } from '../../automation/dr/target.ts';
import { memoryServers, server, usual } from './servers-in-memory.ts';

const minutes = (count: number) => count * 60_000;

test('the plans with a promise are those of the catalog, the shortest first', () => {
  expect(recoveryPromises()).toEqual([
    { product: 'stream', plan: 'enterprise', rtoMinutes: 15, rpoMinutes: 5 },
    { product: 'stream', plan: 'business', rtoMinutes: 60, rpoMinutes: 60 },
  ]);
});

describe('while tenants are not back', () => {
  const unrecovered = [
    { product: 'stream', plan: 'business', tenants: 3 },
    { product: 'stream', plan: 'free', tenants: 9 },
    { product: 'stream', plan: 'enterprise', tenants: 1 },
  ];
  test.each<[number, string[]]>([
    [
      10,
      [
        '1 of stream enterprise to be back within 15 min: 5 min are left',
        '3 of stream business to be back within 60 min: 50 min are left',
      ],
    ],
    [
      75,
      [
        '1 of stream enterprise to be back within 15 min: late by 60 min',
        '3 of stream business to be back within 60 min: late by 15 min',
      ],
    ],
  ])('after %i min it is said how their promises stand', (elapsed, said) =>
    expect(openPromises(unrecovered, minutes(elapsed))).toEqual(said),
  );

  test('nothing is said of plans whose tenants are all back', () =>
    expect(openPromises([], minutes(75))).toEqual([]));
});

test.each<[number, string[]]>([
  [5, []],
  [6, ['stream enterprise (5 min)']],
  [61, ['stream enterprise (5 min)', 'stream business (60 min)']],
])('a backup of %i min ago is too old for %j', (age, missed) =>
  expect(missedByBackup(minutes(age))).toEqual(missed),
);

test('the state of a cell says which promise its backups do not keep', async () => {
  const now = new Date('2026-11-21T10:00:00Z');
  const target: RecoveryTarget = {
    cellId: 'prod',
    region: 'us-east-1',
    server: 'prod-main',
    replicas: [],
    proxy: null,
    dedicated: [],
    secret: 'tenantry/prod/database-main',
    settings: usual,
    copiesIn: null,
    healthCheckHost: 'origin.example.com',
    failsOver: false,
    backupCopies: 'copies',
  };
  const backup = { source: { kind: 'instance', id: 'prod-main' }, from: new Date(0) } as const;
  const lineWith = async (age: number) => {
    const servers = memoryServers([server('prod-main')], {
      'prod-main': { ...backup, until: new Date(now.getTime() - minutes(age)) },
    });
    const lines = await recoveryStatus({
      target,
      servers: () => servers,
      traffic: { find: async () => null, hold: async () => {} },
      cluster: null,
      database: null,
      now: () => now,
    });
    return lines.find(({ subject }) => subject.startsWith('backups'));
  };
  expect(await lineWith(4)).toMatchObject({ ok: true, detail: expect.not.stringContaining('RPO') });
  expect(await lineWith(12)).toMatchObject({
    ok: true,
    detail: expect.stringMatching(/12 min ago.*; older than the RPO of stream enterprise \(5 min\)$/),
  });
});
