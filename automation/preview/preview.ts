/** Compares the working tree with a base: what changes on every platform stack and for every tenant. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tenantDatabaseBeside } from '../environment/index.ts';
import { readEndpoints } from '../local/index.ts';
import type { Allowance } from './allowances.ts';
import { type BaseCheckout, checkOutBase, describeHead } from './base-checkout.ts';
import type { FleetPlace, PreviewEnv } from './env.ts';
import { type FleetAccess, openFleet } from './fleet/access.ts';
import { previewByEngine } from './fleet/engine.ts';
import { defaultMaxPreviews, type FleetReport, previewFleet } from './fleet/fleet.ts';
import { loadProgram } from './fleet/program-version.ts';
import { startRehearsal } from './fleet/rehearsal.ts';
import { sampleSpecs, standUp } from './fleet/sample.ts';
import { type PlatformReport, type PreviewPlatform, previewStacks } from './platform-stacks.ts';
import type { FleetSection, PreviewReport } from './report.ts';

export interface PreviewOptions {
  readonly env: PreviewEnv;
  /** Root of the working tree. */
  readonly root: string;
  /** Git reference to compare with; defaults to the target of pull requests. */
  readonly base: string | undefined;
  readonly only: 'platform' | 'fleet' | null;
  /** Platform stacks; empty means all. */
  readonly stacks: readonly string[];
  readonly providers: 'auto' | 'simulated' | 'official';
  /** `auto` takes the installation if there is one, or else a sample. */
  readonly fleet: 'auto' | 'installation' | 'sample';
  readonly allowed: readonly Allowance[];
  readonly maxPreviews?: number;
  readonly previewPlatform: PreviewPlatform;
  readonly onProgress: (line: string) => void;
}

/** Concurrent engines. */
const engines = 2;

/** @throws UnknownBase when the base cannot be found */
export async function previewChange(options: PreviewOptions): Promise<PreviewReport> {
  const startedAt = performance.now();
  const base = await checkOutBase(options.root, options.base);
  try {
    const platform = options.only === 'fleet' ? null : await platformPart(base, options);
    const fleet = options.only === 'platform' ? null : await fleetPart(base, options);
    return {
      base: base.commit.slice(0, 12),
      head: await describeHead(options.root),
      platform,
      fleet,
      allowed: options.allowed,
      durationMs: Math.round(performance.now() - startedAt),
    };
  } finally {
    await base.close();
  }
}

async function platformPart(base: BaseCheckout, options: PreviewOptions): Promise<PlatformReport> {
  const { env, root, stacks, previewPlatform, onProgress } = options;
  const real = options.providers === 'auto' ? env.hasAwsCredentials : options.providers === 'official';
  const stateDir = await mkdtemp(join(tmpdir(), 'tenantry-preview-state-'));
  try {
    const providers = real ? 'official' : 'simulated';
    return await previewStacks({ previewPlatform, root, base, stacks, providers, stateDir, onProgress });
  } finally {
    await rm(stateDir, { recursive: true, force: true });
  }
}

async function fleetPart(base: BaseCheckout, options: PreviewOptions): Promise<FleetSection> {
  const place = options.fleet === 'sample' ? null : await installation(options.env);
  if (place)
    return { kind: 'previewed', source: 'installation', report: await onFleet(place, base, options) };
  if (options.fleet === 'installation') {
    return { kind: 'unavailable', why: 'no installation runs here, and no variables name one' };
  }
  const rehearsal = await startRehearsal({ env: options.env.processEnv, onProgress: options.onProgress });
  try {
    const report = await onFleet(rehearsal.place, base, options, async (access) => {
      const specs = sampleSpecs({ id: rehearsal.place.cell, region: 'local' });
      options.onProgress(`making ${specs.length} sample tenants as the base has them`);
      const runners = await access.runners(base.root);
      await standUp(specs, { database: access.database, runners, engines });
      await runners.close();
    });
    return { kind: 'previewed', source: 'sample', report };
  } finally {
    await rehearsal.close();
  }
}

/** The installation that variables name, or else the one that runs in the home. */
async function installation({ place, home }: PreviewEnv): Promise<FleetPlace | null> {
  if (place) return place;
  const endpoints = await readEndpoints(home);
  if (!endpoints?.engine) return null;
  return {
    databaseUrl: endpoints.postgres,
    tenantDatabaseUrl: endpoints.tenantPostgres ?? tenantDatabaseBeside(endpoints.postgres),
    tenantDatabaseServers: {},
    kubeconfig: endpoints.kubeconfig,
    backendUrl: endpoints.engine.backendUrl,
    secretsProvider: endpoints.engine.secretsProvider,
    cell: 'local',
    variables: endpoints.engine.variables,
  };
}

async function onFleet(
  place: FleetPlace,
  base: BaseCheckout,
  options: PreviewOptions,
  prepare: (access: FleetAccess) => Promise<void> = async () => {},
): Promise<FleetReport> {
  const { root, onProgress } = options;
  const access = await openFleet(place, { env: options.env.processEnv, engines, onProgress });
  const versions = { base: loadProgram(base.root), head: loadProgram(root) };
  try {
    await prepare(access);
    return await previewFleet({
      database: access.database,
      versions: { base: await versions.base, head: await versions.head },
      previewTenant: previewByEngine(access.database, await access.runners(root)),
      cells: [place.cell],
      maxPreviews: options.maxPreviews ?? defaultMaxPreviews,
      concurrency: engines,
      onProgress,
    });
  } finally {
    const loaded = await Promise.allSettled(Object.values(versions));
    for (const version of loaded) if (version.status === 'fulfilled') await version.value.close();
    await access.close();
  }
}
