/** Steps by which one PostgreSQL server takes another's place. */
import type { DatabaseServers, Server, ServerSettings } from './servers.ts';
import type { Look, Step } from './steps.ts';
import type { RecoveryTarget } from './target.ts';

export interface ServerRecovery {
  readonly servers: DatabaseServers;
  readonly target: RecoveryTarget;
  /** Names this recovery, the same whenever it continues; letters, digits and hyphens. */
  readonly recovery: string;
}

/** Tags on a server that took another's place; their value is the recovery. */
export const recoveryTags = {
  took: 'tenantry:recovery',
  password: 'tenantry:recovery-password',
  proxy: 'tenantry:recovery-proxy',
} as const;

const done = (detail: string): Look => ({ state: 'done', detail });
const todo = (detail: string): Look => ({ state: 'todo', detail });
const waiting = (detail: string): Look => ({ state: 'waiting', detail });
const blocked = (detail: string): Look => ({ state: 'blocked', detail });

/** The replaced server's new name: nothing is deleted. */
export function retiredName({ target, recovery }: Pick<ServerRecovery, 'target' | 'recovery'>): string {
  return `${target.server}-retired-${recovery}`;
}

/**
 * Makes a read replica the server: takes minutes and loses at most seconds of writes. The old server loses its name first,
 * so that nobody writes to it what the replica will never get.
 */
export function promoteSteps(context: ServerRecovery): Step[] {
  const { servers, target, recovery } = context;
  const main = target.server;
  const hasTaken = async () => (await servers.find(main))?.tags[recoveryTags.took] === recovery;
  const [replica = `${main}-replica-1`] = target.replicas;
  return [
    retireStep(context),
    {
      id: 'replica',
      title: `Promote ${replica}`,
      look: async () => {
        const found = await servers.find(replica);
        if (found) {
          if (found.replicaOf === null && found.status === 'available') return done('it takes writes');
          if (found.replicaOf === null || found.status !== 'available')
            return waiting(`it is ${found.status}`);
          return todo('becomes a server of its own');
        }
        if (await hasTaken()) return done(`it is ${main} now`);
        return blocked(`there is no ${replica}; \`tenantry dr restore\` works without a replica`);
      },
      act: () => servers.promote(replica, target.settings),
    },
    {
      id: 'name',
      title: `Rename ${replica} to ${main}`,
      look: async () => {
        const found = await servers.find(main);
        if (found?.tags[recoveryTags.took] === recovery) return readiness(found);
        const promoted = await servers.find(replica);
        if (promoted?.status !== 'available') return waiting('it is renamed');
        return todo('takes over name and address');
      },
      act: async () => {
        // The tag first: it alone identifies the server under the old name.
        await servers.tag(replica, { [recoveryTags.took]: recovery });
        await servers.rename(replica, main);
      },
    },
    ...finishSteps(context),
  ];
}

export interface RestoreFrom {
  /** The server whose backups are restored: the target, unless its region is lost. */
  readonly source: string;
  /** Null for the latest possible time. */
  readonly at: Date | null;
}

/** Makes a server from backups, in place of the lost or spoilt one. */
export function restoreSteps(context: ServerRecovery, from: RestoreFrom): Step[] {
  const { servers, target, recovery } = context;
  const main = target.server;
  const retired = retiredName(context);
  const firstThatStands = async (ids: readonly string[]) => {
    const found = await Promise.all(ids.map((id) => servers.find(id)));
    return found.find((server) => server !== null)?.id ?? null;
  };
  /** A renamed server takes its backups with it. */
  const findBackups = async () =>
    (from.source === main ? await servers.backups(retired) : null) ?? (await servers.backups(from.source));
  return [
    {
      id: 'backups',
      title: `Backups of ${from.source}`,
      look: async () => {
        const window = await findBackups();
        if (!window) return blocked(`there are none in ${target.region}`);
        const span = `${window.from.toISOString()} to ${window.until.toISOString()}`;
        if (from.at && (from.at < window.from || from.at > window.until)) {
          return blocked(`${from.at.toISOString()} is not in what can be had back, ${span}`);
        }
        return done(`can be had back: ${span}`);
      },
      act: async () => {},
    },
    retireStep(context),
    {
      id: 'restore',
      title: `Restore ${main}`,
      look: async () => {
        const found = await servers.find(main);
        if (found) return readiness(found);
        return todo(`as ${from.source} was ${from.at ? `at ${from.at.toISOString()}` : 'last'}`);
      },
      act: async () => {
        const backup = await findBackups();
        if (!backup) throw new Error(`the backups of ${from.source} are gone`);
        await servers.restore({
          backup,
          target: main,
          at: from.at,
          like: await firstThatStands([retired, ...target.replicas]),
          tags: { [recoveryTags.took]: recovery },
        });
      },
    },
    ...finishSteps(context),
  ];
}

/** The old server gives up its name and so its address: nobody can write to it any more. */
function retireStep(context: ServerRecovery): Step {
  const { servers, target, recovery } = context;
  const retired = retiredName(context);
  return {
    id: 'retire',
    title: `Take the name of ${target.server}`,
    look: async () => {
      const [main, old] = await Promise.all([servers.find(target.server), servers.find(retired)]);
      if (main?.tags[recoveryTags.took] === recovery) return done('its successor has it');
      if (old)
        return old.status === 'available' && !main ? done(`it is ${retired} now`) : waiting('it is renamed');
      if (!main) return done('no server has it');
      if (main.status === 'renaming') return waiting('it is renamed');
      if (main.status === 'available') return todo(`it becomes ${retired}`);
      return blocked(
        `it is ${main.status}, and a server can be renamed only when it is available. Wait for it, or delete it ` +
          'with its automated backups retained; then start this again',
      );
    },
    act: () => servers.rename(target.server, retired),
  };
}

/** Makes a new server one of the platform's. */
function finishSteps({ servers, target, recovery }: ServerRecovery): Step[] {
  const { server: main, proxy } = target;
  const once = (tag: string, act: () => Promise<void>) => ({
    look: async (): Promise<Look> => {
      const found = await servers.find(main);
      if (!found) return todo(`once ${main} is there`);
      return found.tags[tag] === recovery ? done('done in this recovery') : todo('once in each recovery');
    },
    act: async () => {
      await act();
      await servers.tag(main, { [tag]: recovery });
    },
  });
  return [
    {
      id: 'settings',
      title: `Settings of ${main}`,
      look: async () => {
        const found = await servers.find(main);
        if (!found) return todo(`once ${main} is there`);
        const differing = settingsThatDiffer(found, target.settings);
        if (differing.length > 0 && found.status === 'available') return todo(differing.join(', '));
        return readiness(found);
      },
      act: () => servers.adjust(main, target.settings),
    },
    {
      id: 'password',
      title: `Password of ${main} from ${target.secret}`,
      // A restored server has the password of the time to which it was restored.
      ...once(recoveryTags.password, () => servers.takePassword(main, target.secret)),
    },
    ...(proxy === null
      ? []
      : [
          {
            id: 'proxy',
            title: `Proxy ${proxy} to ${main}`,
            // The proxy still means the server that had the name before.
            ...once(recoveryTags.proxy, () => servers.connectProxy(proxy, main)),
          },
        ]),
  ];
}

function readiness(server: Server): Look {
  return server.status === 'available'
    ? done(`available at ${server.host}`)
    : waiting(`it is ${server.status}`);
}

function settingsThatDiffer(server: Server, wanted: ServerSettings): string[] {
  return (['multiAz', 'backupRetentionDays', 'deletionProtection'] as const)
    .filter((key) => server[key] !== wanted[key])
    .map((key) => `${key} ${server[key]} becomes ${wanted[key]}`);
}
