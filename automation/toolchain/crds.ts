/**
 * Definitions of the custom resources that our programs write, from the Go modules of their controllers: a real API
 * server can check objects without any of the controllers.
 */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ToolchainEnv } from './env.ts';
import { findGo } from './go.ts';
import { withLock } from './lock.ts';
import { ToolError } from './tools.ts';

export interface CrdModule {
  /** Folder in the cache. */
  name: string;
  module: string;
  /** The module's version; the charts that the platform installs contain the same definitions. */
  version: string;
  /** Folder of the definitions in the module. */
  folder: string;
}

export const crdModules: readonly CrdModule[] = [
  {
    // Karpenter's own kinds and those for AWS.
    name: 'karpenter',
    module: 'github.com/aws/karpenter-provider-aws',
    version: '1.14.1',
    folder: 'pkg/apis/crds',
  },
  {
    name: 'prometheus-operator',
    module: 'github.com/prometheus-operator/prometheus-operator',
    version: '0.85.0',
    folder: 'example/prometheus-operator-crd',
  },
  {
    name: 'velero',
    module: 'github.com/vmware-tanzu/velero',
    version: '1.18.3',
    folder: 'config/crd/v1/bases',
  },
  {
    // The last version with a checksum in Go's database; the definition is the same to this day.
    name: 'secrets-store',
    module: 'sigs.k8s.io/secrets-store-csi-driver',
    version: '1.4.7',
    folder: 'config/crd/bases',
  },
  {
    name: 'snapshots',
    module: 'github.com/kubernetes-csi/external-snapshotter/client/v8',
    version: '8.6.0',
    folder: 'config/crd',
  },
  {
    name: 'vertical-pod-autoscaler',
    module: 'k8s.io/autoscaler/vertical-pod-autoscaler',
    version: '1.8.1',
    folder: 'deploy',
  },
];

export interface CrdOptions {
  env: ToolchainEnv;
  onProgress?: (line: string) => void;
  /** Default: `crdModules`. */
  modules?: readonly CrdModule[];
}

const run = promisify(execFile);

/**
 * Paths of the YAML files of all definitions, in the cache; Go fetches missing ones.
 * @throws ToolError when they are missing and cannot be fetched
 */
export async function ensureCrds(options: CrdOptions): Promise<string[]> {
  const paths: string[] = [];
  for (const wanted of options.modules ?? crdModules) paths.push(...(await definitionsOf(wanted, options)));
  return paths;
}

async function definitionsOf(wanted: CrdModule, options: CrdOptions): Promise<string[]> {
  const { env } = options;
  const place = join(env.cacheDir, 'crds', wanted.name, wanted.version);
  const list = async () => (await readdir(place).catch(() => [])).sort().map((name) => join(place, name));
  const there = await list();
  if (there.length > 0) return there;
  return withLock(join(env.cacheDir, 'crds', wanted.name, 'lock'), async () => {
    if ((await list()).length === 0) await fetchDefinitions(wanted, place, options);
    return list();
  });
}

async function fetchDefinitions(wanted: CrdModule, place: string, options: CrdOptions): Promise<void> {
  const source = await moduleFolder(wanted, options);
  const folder = join(source, wanted.folder);
  const names: string[] = [];
  for (const name of await readdir(folder)) {
    const isDefinition =
      name.endsWith('.yaml') &&
      /^kind: CustomResourceDefinition$/m.test(await readFile(join(folder, name), 'utf8'));
    if (isDefinition) names.push(name);
  }
  if (names.length === 0)
    throw new ToolError(`${wanted.module} v${wanted.version} has no definitions in ${wanted.folder}.`);
  const partial = `${place}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true });
  for (const name of names) await copyFile(join(folder, name), join(partial, name));
  await rename(partial, place);
}

/** Where Go keeps the sources of a module, which it fetches first and checks against its checksum database. */
export async function moduleFolder(
  { module, version }: Pick<CrdModule, 'module' | 'version'>,
  options: Pick<CrdOptions, 'env' | 'onProgress'>,
): Promise<string> {
  const { env, onProgress = () => {} } = options;
  const go = await findGo(env);
  if (go === undefined)
    throw new ToolError(
      `The definitions of ${module} come with its Go module: install Go 1.26 or newer (https://go.dev/dl).`,
    );
  onProgress(`fetching the definitions of ${module} v${version}`);
  try {
    const { stdout } = await run(go, ['mod', 'download', '-json', `${module}@v${version}`], {
      // Outside our own modules.
      cwd: env.cacheDir,
      env: { ...env.processEnv, GOFLAGS: '-mod=mod', GOWORK: 'off' },
      maxBuffer: 16 * 1024 ** 2,
    });
    return (JSON.parse(stdout) as { Dir: string }).Dir;
  } catch (error) {
    throw new ToolError(
      `The definitions of ${module} v${version} cannot be fetched: ${error instanceof Error ? error.message : error}`,
    );
  }
}
