/** What the tool chain takes from the environment. */
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { type ToolName, toolNames } from './pins.ts';

export type ProviderMode = 'auto' | 'official' | 'embedded';

export type ProviderName = 'kubernetes' | 'random';

export interface ToolchainEnv {
  /** Where tools are kept: `$TENANTRY_CACHE`, else the user's cache folder. */
  cacheDir: string;
  /** Folders of PATH, in order. */
  path: readonly string[];
  /** Tools named by `TENANTRY_TOOL_<NAME>`. */
  chosen: Partial<Record<ToolName, string>>;
  /** false with `TENANTRY_DOWNLOADS=off`: nothing is fetched, tools are built. */
  downloads: boolean;
  /** Where the Pulumi CLI keeps its plugins. */
  pulumiHome: string;
  /** How each provider is chosen; the random one as the Kubernetes one unless `TENANTRY_RANDOM_PROVIDER` says else. */
  providerModes: Readonly<Record<ProviderName, ProviderMode>>;
  /** The Chromium that tests use: `$CHROMIUM_PATH`, else where Debian has it. */
  chromium: string;
  /** Passed on to the programs that are run. */
  processEnv: NodeJS.ProcessEnv;
}

/** The variable that names a tool: `TENANTRY_TOOL_KUBE_APISERVER` for `kube-apiserver`. */
export function toolVariable(name: ToolName): string {
  return `TENANTRY_TOOL_${name.toUpperCase().replaceAll('-', '_')}`;
}

/** The variable that chooses a provider: `TENANTRY_KUBERNETES_PROVIDER`. */
export function providerVariable(name: ProviderName): string {
  return `TENANTRY_${name.toUpperCase()}_PROVIDER`;
}

/** Reads the environment; a value that makes no sense is an error that names its variable. */
export function readToolchainEnv(env: NodeJS.ProcessEnv = process.env): ToolchainEnv {
  const home = env.HOME ?? homedir();
  const chosen: Partial<Record<ToolName, string>> = {};
  for (const name of toolNames) {
    const value = env[toolVariable(name)];
    if (value) chosen[name] = resolve(value);
  }
  const kubernetes = readProviderMode(env, 'kubernetes') ?? 'auto';
  return {
    cacheDir: resolve(env.TENANTRY_CACHE || join(env.XDG_CACHE_HOME || join(home, '.cache'), 'tenantry')),
    path: (env.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    chosen,
    downloads: env.TENANTRY_DOWNLOADS !== 'off',
    pulumiHome: env.PULUMI_HOME || join(home, '.pulumi'),
    providerModes: { kubernetes, random: readProviderMode(env, 'random') ?? kubernetes },
    chromium: env.CHROMIUM_PATH || '/usr/bin/chromium',
    processEnv: env,
  };
}

function readProviderMode(env: NodeJS.ProcessEnv, name: ProviderName): ProviderMode | undefined {
  const mode = env[providerVariable(name)];
  if (!mode) return undefined;
  if (mode === 'auto' || mode === 'official' || mode === 'embedded') return mode;
  throw new Error(`${providerVariable(name)} is "${mode}": it must be auto, official or embedded.`);
}
