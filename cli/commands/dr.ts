/**
 * `tenantry dr`: the parts of a disaster recovery that can be automated. Each command can be interrupted and started
 * again.
 *
 * What needs the database runs where the database is reachable, in a pod of the control plane. Its image does not
 * contain the platform's program, so only commands that need that load it.
 */
import { resolve } from 'node:path';
import { type Aws, connectAws } from '../../automation/dr/aws.ts';
import {
  type CellPlace,
  cellDatabaseStep,
  convergeSteps,
  moveStep,
  type OperationsEnv,
  promoteSteps,
  readOperationsEnv,
  restoreSteps,
  runSteps,
  type ServerRecovery,
  type Step,
  type StepReport,
  StepStopped,
  verifyPlace,
  withCluster,
  withControlPlane,
} from '../../automation/dr/index.ts';
import type { StatusSources } from '../../automation/dr/status.ts';
import type { RecoveryTarget } from '../../automation/dr/target.ts';
import { trafficStep } from '../../automation/dr/traffic.ts';
import { migrate } from '../../automation/store/migrate.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, type ExitCode, exitCodes, notRunning } from '../problem.ts';
import { statusText, stepsText, verificationText } from '../text/dr.ts';

const projectDir = resolve(import.meta.dirname, '../..');

/** For every command that changes something. */
export interface RecoveryOptions {
  /** Name of the recovery: the same name continues it. Default: the day, in UTC. */
  readonly recovery?: string;
  readonly dryRun?: boolean;
}

export interface PromoteOptions extends RecoveryOptions {
  readonly stack: string;
}

export interface RestoreOptions extends RecoveryOptions {
  readonly stack: string;
  /** Stack of the cell whose backups are restored, where its region is lost. */
  readonly from?: string;
  readonly at?: Date;
  readonly only?: 'database' | 'volumes';
  /** A dedicated tenant's database server by its name in the configuration, in place of the shared one. */
  readonly server?: string;
  /** Bucket in this region with the copies of that cell's backups. */
  readonly copies?: string;
}

/** Either traffic, or (without `away` and `back`) the tenants of the environment's cell. */
export interface RepointOptions extends RecoveryOptions {
  /** Stack of a region that traffic leaves. */
  readonly away?: string;
  /** Stack of the home region, whose health decides about traffic again. */
  readonly back?: string;
  /** A lost cell, whose tenants this one takes over. */
  readonly move?: string;
}

/** The commands' access to AWS; tests bring their own. */
export type Connect = (region: string) => Aws;

export async function drStatus(
  env: CliEnv,
  output: Output,
  { stack }: { readonly stack?: string },
  connect: Connect = connectAws,
): Promise<ExitCode> {
  const operations = await readOperationsEnv(env.home);
  const target = stack === undefined ? null : await targetOf(stack);
  const { place } = operations;
  if (!target && !place) throw notRunning(env.home);
  const { recoveryStatus } = await import('../../automation/dr/status.ts');
  const ask = (sources: Partial<Pick<StatusSources, 'cluster' | 'database'>>) =>
    recoveryStatus({
      target,
      servers: (region) => connect(region).servers,
      traffic: connect(target?.region ?? 'us-east-1').traffic,
      cluster: null,
      database: null,
      now: () => new Date(),
      ...sources,
    });
  const lines = !place
    ? await ask({})
    : await withControlPlane(place.databaseUrl, (database) =>
        // Only a cell with a stack has Velero.
        target
          ? withCluster(place.kubeconfig, operations.processEnv, (cluster) => ask({ database, cluster }))
          : ask({ database }),
      );
  output.result({ stack: stack ?? null, lines }, () => statusText(lines));
  return lines.every(({ ok }) => ok) ? exitCodes.ok : exitCodes.failed;
}

export async function drPromote(
  _env: CliEnv,
  output: Output,
  options: PromoteOptions,
  connect: Connect = connectAws,
): Promise<void> {
  const target = await targetOf(options.stack);
  const recovery = recoveryName(options);
  await perform(output, options, recovery, promoteSteps(serverRecovery(target, recovery, connect)));
}

export async function drRestore(
  env: CliEnv,
  output: Output,
  options: RestoreOptions,
  connect: Connect = connectAws,
): Promise<void> {
  const { server } = options;
  if (server !== undefined && options.only === 'volumes') {
    throw new CliProblem(
      exitCodes.usage,
      'usage',
      'A server has rows; its volumes are those of the cluster.',
    );
  }
  const target = await targetOf(options.stack, server);
  const lost = options.from === undefined ? null : await targetOf(options.from, server);
  if (lost && lost.copiesIn !== target.region) {
    throw new CliProblem(
      exitCodes.usage,
      'no_copies',
      `The backups of ${lost.cellId} are copied to ${lost.copiesIn ?? 'no other region'}, not to ${target.region}.`,
    );
  }
  const recovery = recoveryName(options);
  const at = options.at ?? null;
  const steps: Step[] = [];
  if (options.only !== 'volumes') {
    const source = lost?.server ?? target.server;
    steps.push(...restoreSteps(serverRecovery(target, recovery, connect), { source, at }));
  }
  if (options.only === 'database' || server !== undefined) return perform(output, options, recovery, steps);

  const { kubeconfig, processEnv } = await readOperationsEnv(env.home);
  const { volumeSteps } = await import('../../automation/dr/volumes.ts');
  const copies = lost && { cellId: lost.cellId, bucket: copiesBucket(options, lost), region: target.region };
  await withCluster(kubeconfig, processEnv, (cluster) => {
    steps.push(...volumeSteps({ cluster, recovery, before: at, copies }));
    return perform(output, options, recovery, steps);
  });
}

export async function drRepoint(
  env: CliEnv,
  output: Output,
  options: RepointOptions,
  connect: Connect = connectAws,
): Promise<void> {
  const recovery = recoveryName(options);
  const home = options.away ?? options.back;
  if (home !== undefined) {
    const { failsOver, region, healthCheckHost, cellId } = await targetOf(home);
    if (!failsOver) {
      throw new CliProblem(
        exitCodes.usage,
        'no_failover',
        `Traffic of ${cellId} has no other region to go to.`,
      );
    }
    const down = options.away !== undefined;
    return perform(output, options, recovery, [trafficStep(connect(region).traffic, healthCheckHost, down)]);
  }
  const place = placeIn(await readOperationsEnv(env.home));
  await migrate(place.databaseUrl);
  await withControlPlane(place.databaseUrl, (database) => {
    const tenants = { database, cell: place.cell, recovery };
    return perform(output, options, recovery, [
      cellDatabaseStep(tenants, new URL(place.tenantDatabaseUrl).hostname),
      ...(options.move === undefined ? [] : [moveStep(tenants, options.move)]),
      ...convergeSteps(tenants),
    ]);
  });
}

/** @returns `failed` when anything differs from its row */
export async function drVerify(env: CliEnv, output: Output): Promise<ExitCode> {
  const operations = await readOperationsEnv(env.home);
  const verification = await verifyPlace(placeIn(operations), operations.processEnv);
  output.result(verification, () => verificationText(verification));
  return verification.findings.length === 0 ? exitCodes.ok : exitCodes.failed;
}

function serverRecovery(target: RecoveryTarget, recovery: string, connect: Connect): ServerRecovery {
  return { servers: connect(target.region).servers, target, recovery };
}

async function perform(
  output: Output,
  { dryRun = false }: RecoveryOptions,
  recovery: string,
  steps: readonly Step[],
): Promise<void> {
  let reports: StepReport[];
  try {
    reports = await runSteps(steps, { dryRun, say: (line) => output.progress(line) });
  } catch (error) {
    if (!(error instanceof StepStopped)) throw error;
    output.progress(stepsText(error.reports));
    throw new CliProblem(
      exitCodes.failed,
      'recovery_stopped',
      `${error.message}\nThe same command with --recovery ${recovery} goes on from here.`,
    );
  }
  output.result({ recovery, dryRun, steps: reports }, () => stepsText(reports));
}

/** @param server a dedicated tenant's, in place of the shared one */
async function targetOf(stack: string, server?: string): Promise<RecoveryTarget> {
  const [{ stackConfiguration, UnknownStackError }, { dedicatedTarget, recoveryTarget, tenantsTarget }] =
    await Promise.all([import('../../automation/cost/index.ts'), import('../../automation/dr/target.ts')]);
  try {
    const target = recoveryTarget(await stackConfiguration(projectDir, stack));
    if (server === undefined) return target;
    if (target.dedicated.includes(server)) return dedicatedTarget(target, server);
    if (server === 'tenants' && target.tenantServer !== undefined)
      return tenantsTarget(target, target.tenantServer);
    const there =
      [...(target.tenantServer === undefined ? [] : ['tenants']), ...target.dedicated].join(', ') || 'none';
    throw new CliProblem(
      exitCodes.usage,
      'no_server',
      `${stack} has no server ${server} beside the main one; there are: ${there}.`,
    );
  } catch (error) {
    if (error instanceof UnknownStackError) throw new CliProblem(exitCodes.usage, 'usage', error.message);
    throw error;
  }
}

function recoveryName({ recovery }: RecoveryOptions): string {
  return recovery ?? new Date().toISOString().slice(0, 10).replaceAll('-', '');
}

function placeIn({ place }: OperationsEnv): CellPlace {
  if (place) return place;
  throw new CliProblem(
    exitCodes.usage,
    'no_database',
    'DATABASE_URL names no control plane, and none runs here.',
  );
}

function copiesBucket({ copies }: RestoreOptions, lost: RecoveryTarget): string {
  if (copies !== undefined) return copies;
  throw new CliProblem(
    exitCodes.usage,
    'usage',
    `--copies must name the bucket with the copies of ${lost.cellId}'s backups: ${lost.backupCopies}-<account>.`,
  );
}
