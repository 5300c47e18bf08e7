import { describe, expect, test } from 'vitest';
import { promoteSteps, type RestoreFrom, restoreSteps } from '../../automation/dr/server-steps.ts';
import type { BackupWindow } from '../../automation/dr/servers.ts';
import { runSteps, type Step, StepStopped } from '../../automation/dr/steps.ts';
import { dedicatedTarget, type RecoveryTarget } from '../../automation/dr/target.ts';
import { type MemoryServers, memoryServers, server, usual } from './servers-in-memory.ts';

const main = 'prod-us-east-1-main';
const replica = `${main}-replica-1`;
const retired = `${main}-retired-r1`;
const target: RecoveryTarget = {
  cellId: 'prod-us-east-1',
  region: 'us-east-1',
  server: main,
  replicas: [replica],
  proxy: main,
  dedicated: ['acme'],
  secret: 'tenantry/prod-us-east-1/database-main',
  settings: usual,
  copiesIn: 'us-west-2',
  healthCheckHost: 'origin-us-east-1.tenantry.test',
  failsOver: true,
  backupCopies: 'tenantry-prod-us-east-1-backups-replica',
};
const window: BackupWindow = {
  source: { kind: 'instance', id: main },
  from: new Date('2026-10-17T00:00:00Z'),
  until: new Date('2026-11-21T09:55:00Z'),
};
const quick = { dryRun: false, say: () => {}, pollMs: 1 };
const promote = (servers: MemoryServers) => promoteSteps({ servers, target, recovery: 'r1' });
const restore = (servers: MemoryServers, from: Partial<RestoreFrom> = {}) =>
  restoreSteps({ servers, target, recovery: 'r1' }, { source: main, at: null, ...from });
const pair = () =>
  memoryServers([server(main), server(replica, { replicaOf: main, multiAz: false })], { [main]: window });

describe('promote', () => {
  test('puts the replica in the place of the server, which is kept under another name', async () => {
    const servers = pair();
    await runSteps(promote(servers), quick);
    expect([...servers.servers.keys()].sort()).toEqual([main, retired].sort());
    expect(servers.servers.get(main)).toMatchObject({ ...usual, status: 'available', replicaOf: null });
    expect(servers.proxies.get(main)).toBe(main);
    expect(servers.log).toEqual([
      `rename ${main} ${retired}`,
      `promote ${replica}`,
      `rename ${replica} ${main}`,
      `adjust ${main}`,
      `password ${main} ${target.secret}`,
      `proxy ${main} ${main}`,
    ]);
  });

  test('needs no old server: one that is gone has no name to give', async () => {
    const servers = memoryServers([server(replica, { replicaOf: main, multiAz: false })]);
    await runSteps(promote(servers), quick);
    expect(servers.servers.get(main)?.replicaOf).toBeNull();
  });

  test('stops before anything is touched when the old server cannot be renamed, and says what to do', async () => {
    const servers = memoryServers([
      server(main, { status: 'storage-full' }),
      server(replica, { replicaOf: main }),
    ]);
    await expect(runSteps(promote(servers), quick)).rejects.toThrow(/storage-full.*start this again/s);
    expect(servers.log).toEqual([]);
  });

  test('says that there is no replica', async () => {
    await expect(runSteps(promote(memoryServers([])), quick)).rejects.toThrow(
      /no prod-us-east-1-main-replica-1; .*restore/,
    );
  });
});

describe('restore', () => {
  test('makes the server anew as it was, like the one that it replaces', async () => {
    const servers = pair();
    const at = new Date('2026-11-20T12:00:00Z');
    await runSteps(restore(servers, { at }), quick);
    expect(servers.log.slice(0, 2)).toEqual([
      `rename ${main} ${retired}`,
      `restore ${main} from instance 2026-11-20T12:00:00.000Z like ${retired}`,
    ]);
    expect(servers.servers.get(main)).toMatchObject({ ...usual, status: 'available' });
    expect(servers.servers.has(retired)).toBe(true);
  });

  test.each([
    ['before the window', '2026-10-16T00:00:00Z'],
    ['after it', '2026-11-21T09:56:00Z'],
  ])('refuses a time %s, and names the window', async (_what, time) => {
    const servers = pair();
    await expect(runSteps(restore(servers, { at: new Date(time) }), quick)).rejects.toThrow(
      /2026-10-17T00:00:00.000Z to 2026-11-21T09:55:00.000Z/,
    );
    expect(servers.log).toEqual([]);
  });

  test('of a server in a lost region takes the copies of its backups', async () => {
    const copies = {
      ...window,
      source: { kind: 'replicated' as const, arn: 'arn:aws:rds:us-west-2:1:auto-backup:ab-1' },
    };
    const servers = memoryServers([server(main)], { 'prod-eu-west-1-main': copies });
    await runSteps(restore(servers, { source: 'prod-eu-west-1-main' }), quick);
    expect(servers.log[1]).toBe(`restore ${main} from replicated latest like ${retired}`);
  });
});

/** A server whose next change of the world is the last thing that this process does. */
function breakingAfter(servers: MemoryServers, changes: number): MemoryServers {
  let left = changes;
  const counted =
    <Args extends unknown[]>(work: (...args: Args) => Promise<void>) =>
    async (...args: Args) => {
      await work(...args);
      left -= 1;
      if (left <= 0) throw new Error('killed');
    };
  return {
    ...servers,
    promote: counted(servers.promote),
    rename: counted(servers.rename),
    restore: counted(servers.restore),
    adjust: counted(servers.adjust),
    takePassword: counted(servers.takePassword),
    connectProxy: counted(servers.connectProxy),
    tag: counted(servers.tag),
  };
}

describe.each<[string, (servers: MemoryServers) => Step[]]>([
  ['promote', promote],
  ['restore', (servers) => restore(servers)],
])('%s', (_name, steps) => {
  test('ends the same wherever it broke off, and a run after the end changes nothing', async () => {
    const whole = pair();
    await runSteps(steps(whole), quick);
    for (let changes = 1; changes < 12; changes += 1) {
      const servers = pair();
      await runSteps(steps(breakingAfter(servers, changes)), quick).catch((error: unknown) => {
        expect(error).toBeInstanceOf(StepStopped);
      });
      const reports = await runSteps(steps(servers), quick);
      expect(reports.every(({ state }) => state === 'done')).toBe(true);
      expect(servers.servers).toEqual(whole.servers);
      const logged = servers.log.length;
      await runSteps(steps(servers), quick);
      expect(servers.log).toHaveLength(logged);
    }
  });

  test('changes nothing in a dry run, and tells what it would do first', async () => {
    const servers = pair();
    const before = new Map(servers.servers);
    const reports = await runSteps(steps(servers), { ...quick, dryRun: true });
    expect(reports.find(({ id }) => id === 'retire')).toMatchObject({
      state: 'planned',
      detail: `it becomes ${retired}`,
    });
    expect(servers.log).toEqual([]);
    expect(servers.servers).toEqual(before);
  });

  test('is a recovery of its own under another name', async () => {
    const servers = pair();
    await runSteps(steps(servers), quick);
    const next = promoteSteps({ servers, target, recovery: 'r2' });
    expect(await next[0]?.look()).toMatchObject({ state: 'todo', detail: `it becomes ${main}-retired-r2` });
  });
});

test('a dedicated tenant’s server is restored under its own name with its own password, and no other is touched', async () => {
  const acme = 'prod-us-east-1-dedicated-acme';
  const backups = { ...window, source: { kind: 'instance', id: acme } } as const;
  const servers = memoryServers([server(main), server(acme)], { [acme]: backups });
  const dedicated = dedicatedTarget(target, 'acme');
  const steps = restoreSteps({ servers, target: dedicated, recovery: 'r1' }, { source: acme, at: null });
  await runSteps(steps, quick);
  expect([...servers.servers.keys()].sort()).toEqual([acme, `${acme}-retired-r1`, main].sort());
  expect(servers.log.filter((line) => line.includes(main))).toEqual([]);
  expect(servers.log).toContain(`password ${acme} tenantry/prod-us-east-1/database-dedicated-acme`);
  expect(servers.proxies.size).toBe(0);
});
