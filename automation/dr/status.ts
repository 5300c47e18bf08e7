/** Reports how ready a cell is for recovery, including parts that do not answer. */
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import type { Database } from '../store/database.ts';
import { missedByBackup, openPromises } from './promises.ts';
import { listOpenRecoveries, listUnrecovered, recoveryProgress } from './recoveries.ts';
import type { DatabaseServers } from './servers.ts';
import { dedicatedServer, type RecoveryTarget } from './target.ts';
import type { Traffic } from './traffic.ts';
import { newestBackup } from './volumes.ts';

export interface StatusLine {
  readonly subject: string;
  readonly ok: boolean;
  readonly detail: string;
}

export interface StatusSources {
  readonly target: RecoveryTarget | null;
  /** By region: the cell's own, and the one that holds copies. */
  readonly servers: (region: string) => DatabaseServers;
  readonly traffic: Traffic;
  readonly cluster: KubernetesClient | null;
  readonly database: Database | null;
  readonly now: () => Date;
}

/** RDS uploads the log every five minutes: a window that ends earlier than this has stopped growing. */
const databaseLagMs = 15 * 60_000;
/** Velero runs every six hours. */
const volumeLagMs = 7 * 3_600_000;

/** Checks everything that a recovery would need. */
export async function recoveryStatus(sources: StatusSources): Promise<StatusLine[]> {
  const { target, cluster, database } = sources;
  const lines: Promise<StatusLine[]>[] = [];
  const ask = (subject: string, work: () => Promise<Omit<StatusLine, 'subject'> | null>) =>
    lines.push(
      work().then(
        (line) => (line ? [{ subject, ...line }] : []),
        (error: unknown) => [
          { subject, ok: false, detail: `no answer: ${error instanceof Error ? error.message : error}` },
        ],
      ),
    );
  if (target) {
    askAws(target, sources, ask);
  }
  if (cluster) {
    ask('volumes', async () => {
      const newest = await newestBackup(cluster);
      if (!newest) return { ok: false, detail: 'no complete backup' };
      return {
        ok: isRecent(newest.completedAt, volumeLagMs, sources.now()),
        detail: agoText(newest.completedAt, sources),
      };
    });
  }
  if (database) {
    ask('recoveries', async () => {
      const open = await listOpenRecoveries(database);
      if (open.length === 0) return { ok: true, detail: 'none is under way' };
      const texts = open.map(async (each) => {
        const { recovered, tenants } = await recoveryProgress(database, each);
        const elapsedMs = sources.now().getTime() - each.startedAt.getTime();
        const promises = openPromises(await listUnrecovered(database, each), elapsedMs);
        return [`${each.cell} ${each.reason}: ${recovered} of ${tenants} tenants`, ...promises].join(', ');
      });
      return { ok: false, detail: (await Promise.all(texts)).join('; ') };
    });
  }
  return (await Promise.all(lines)).flat();
}

type Ask = (subject: string, work: () => Promise<Omit<StatusLine, 'subject'> | null>) => unknown;

function askAws(target: RecoveryTarget, sources: StatusSources, ask: Ask): void {
  const here = sources.servers(target.region);
  const dedicated = [
    ...(target.tenantServer === undefined ? [] : [target.tenantServer]),
    ...target.dedicated.map((name) => dedicatedServer(target, name)),
  ];
  for (const id of [target.server, ...target.replicas, ...dedicated]) {
    ask(`server ${id}`, async () => {
      const found = await here.find(id);
      if (!found) return { ok: false, detail: 'is not there' };
      const role = found.replicaOf === null ? 'takes writes' : `copies ${found.replicaOf}`;
      return { ok: found.status === 'available', detail: `${found.status}, ${role}` };
    });
  }
  const regions = [target.region, ...(target.copiesIn === null ? [] : [target.copiesIn])];
  const backedUp = [target.server, ...dedicated];
  for (const [region, id] of regions.flatMap((one) => backedUp.map((server) => [one, server] as const))) {
    ask(`backups in ${region}${id === target.server ? '' : ` of ${id}`}`, async () => {
      const window = await sources.servers(region).backups(id);
      if (!window) return { ok: false, detail: 'none' };
      const missed = missedByBackup(sources.now().getTime() - window.until.getTime());
      const why = missed.length === 0 ? '' : `; older than the RPO of ${missed.join(', ')}`;
      return {
        ok: isRecent(window.until, databaseLagMs, sources.now()),
        detail: `to ${agoText(window.until, sources)}, from ${window.from.toISOString()}${why}`,
      };
    });
  }
  if (target.failsOver) {
    ask('traffic', async () => {
      const check = await sources.traffic.find(target.healthCheckHost);
      if (!check) return { ok: false, detail: `no health check of ${target.healthCheckHost}` };
      return { ok: !check.heldDown, detail: check.heldDown ? 'held away from this region' : 'by health' };
    });
  }
}

function isRecent(at: Date, withinMs: number, now: Date): boolean {
  return now.getTime() - at.getTime() <= withinMs;
}

function agoText(at: Date, { now }: Pick<StatusSources, 'now'>): string {
  return `${at.toISOString()}, ${Math.round((now().getTime() - at.getTime()) / 60_000)} min ago`;
}
