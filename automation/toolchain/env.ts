/** What the tool chain takes from the environment. */
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { type Name, readVariables } from '../environment/index.ts';
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
  /** How each provider is chosen; the random one like the Kubernetes one unless `TENANTRY_RANDOM_PROVIDER` differs. */
  providerModes: Readonly<Record<ProviderName, ProviderMode>>;
  /** The Chromium that tests use: `$CHROMIUM_PATH`, else where Debian has it. */
  chromium: string;
  /** Passed on to the programs that we run. */
  processEnv: NodeJS.ProcessEnv;
}

type UpperSnake<Text extends string> = Text extends `${infer Head}-${infer Tail}`
  ? `${Uppercase<Head>}_${UpperSnake<Tail>}`
  : Uppercase<Text>;

/** Of each tool; one that the table of variables lacks does not compile. */
type ToolVariable = Name & `TENANTRY_TOOL_${UpperSnake<ToolName>}`;

/** The variable that names a tool: `TENANTRY_TOOL_KUBE_APISERVER` for `kube-apiserver`. */
export function toolVariable(name: ToolName): `TENANTRY_TOOL_${UpperSnake<ToolName>}` {
  return `TENANTRY_TOOL_${name.toUpperCase().replaceAll('-', '_')}` as ToolVariable;
}

/** The variable that chooses a provider: `TENANTRY_KUBERNETES_PROVIDER`. */
export function providerVariable(name: ProviderName): `TENANTRY_${Uppercase<ProviderName>}_PROVIDER` {
  return name === 'kubernetes' ? 'TENANTRY_KUBERNETES_PROVIDER' : 'TENANTRY_RANDOM_PROVIDER';
}

/** @throws Error that names every variable that is wrong */
export function readToolchainEnv(env: NodeJS.ProcessEnv = process.env): ToolchainEnv {
  const v = readVariables(env, {
    defaulted: ['TENANTRY_DOWNLOADS', 'TENANTRY_KUBERNETES_PROVIDER', 'CHROMIUM_PATH'],
    optional: ['TENANTRY_CACHE', 'TENANTRY_RANDOM_PROVIDER', 'PULUMI_HOME', 'HOME', 'XDG_CACHE_HOME', 'PATH'],
  });
  const programs = readVariables(env, { optional: toolNames.map(toolVariable) });
  const home = v.HOME ?? homedir();
  const chosen: Partial<Record<ToolName, string>> = {};
  for (const name of toolNames) {
    const program = programs[toolVariable(name)];
    if (program !== undefined) chosen[name] = program;
  }
  return {
    cacheDir: v.TENANTRY_CACHE ?? resolve(v.XDG_CACHE_HOME ?? join(home, '.cache'), 'tenantry'),
    path: (v.PATH ?? '').split(delimiter).filter((folder) => folder !== ''),
    chosen,
    downloads: v.TENANTRY_DOWNLOADS,
    pulumiHome: v.PULUMI_HOME ?? join(home, '.pulumi'),
    providerModes: {
      kubernetes: v.TENANTRY_KUBERNETES_PROVIDER,
      random: v.TENANTRY_RANDOM_PROVIDER ?? v.TENANTRY_KUBERNETES_PROVIDER,
    },
    chromium: v.CHROMIUM_PATH,
    processEnv: env,
  };
}
