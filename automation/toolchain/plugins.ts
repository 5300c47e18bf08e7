/**
 * Which Kubernetes and random provider the engine gets: the official plugin where available, else the stand-in that
 * Tenantry serves itself.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { canDownload } from './download.ts';
import { type ProviderName, providerVariable, type ToolchainEnv } from './env.ts';
import { currentPlatform } from './pins.ts';
import { readPluginVersion } from './plugin-version.ts';
import { isProgram, programsOnPath } from './programs.ts';
import { ensureTool, ToolError } from './tools.ts';

export type ResolvedProvider =
  | { kind: 'official'; version: string; path: string; reason: string }
  | { kind: 'embedded'; version: string; reason: string };

export interface PluginOptions {
  env: ToolchainEnv;
  onProgress?: (line: string) => void;
  /** false: only looks, and fetches nothing. Default true. */
  install?: boolean;
  /** Where Pulumi publishes its plugins. */
  downloadsUrl?: string;
}

/** A plugin for the engine. */
export interface OfficialPlugin {
  readonly name: ProviderName;
  readonly version: string;
  readonly path: string;
}

/** Which providers a runner's engine gets, and the plugins of the official ones. */
export async function resolveProviders(options: PluginOptions): Promise<{
  kubernetesProvider: ResolvedProvider['kind'];
  randomProvider: ResolvedProvider['kind'];
  plugins: OfficialPlugin[];
}> {
  const [kubernetes, random] = await Promise.all([
    resolveProviderPlugin('kubernetes', options),
    resolveProviderPlugin('random', options),
  ]);
  const pluginOf = (name: ProviderName, found: ResolvedProvider) =>
    found.kind === 'official' ? [{ name, version: found.version, path: found.path }] : [];
  return {
    kubernetesProvider: kubernetes.kind,
    randomProvider: random.kind,
    plugins: [...pluginOf('kubernetes', kubernetes), ...pluginOf('random', random)],
  };
}

const run = promisify(execFile);

/**
 * Decides which provider is used. Mode `auto` takes the official plugin when it is installed or can be installed now.
 * @throws ToolError in mode `official` when it cannot be had.
 */
export async function resolveProviderPlugin(
  name: ProviderName,
  options: PluginOptions,
): Promise<ResolvedProvider> {
  const { env } = options;
  const mode = env.providerModes[name];
  const version = await sdkVersion(name);
  if (mode === 'embedded')
    return { kind: 'embedded', version, reason: `${providerVariable(name)} asks for it` };
  const installed = await findPlugin(name, version, env);
  if (installed) return { kind: 'official', version, path: installed, reason: 'the plugin is installed' };
  const { os, arch } = currentPlatform();
  const downloadsUrl = options.downloadsUrl ?? 'https://get.pulumi.com/releases/plugins';
  const url = `${downloadsUrl}/pulumi-resource-${name}-v${version}-${os}-${arch}.tar.gz`;
  const refused = await whyNotInstalled(name, version, url, options);
  if (refused === undefined) {
    const path = await findPlugin(name, version, env);
    if (path) return { kind: 'official', version, path, reason: 'the plugin was installed now' };
  }
  if (mode === 'official')
    throw new ToolError(
      `The official ${name} plugin ${version} is not installed and ${refused ?? 'does not install'}: run \`pulumi plugin install resource ${name} ${version}\`, or set ${providerVariable(name)}=auto.`,
    );
  return {
    kind: 'embedded',
    version,
    reason: `the official plugin is not installed and ${refused ?? 'does not install'}`,
  };
}

async function whyNotInstalled(
  name: ProviderName,
  version: string,
  url: string,
  { env, onProgress, install }: PluginOptions,
): Promise<string | undefined> {
  if (!env.downloads) return 'downloads are off';
  if (!(await canDownload(url))) return 'cannot be downloaded here';
  if (install === false) return 'is downloaded at the next start';
  try {
    onProgress?.(`installing the official ${name} plugin ${version}`);
    const pulumi = await ensureTool('pulumi', { env, ...(onProgress ? { onProgress } : {}) });
    await run(pulumi.path, ['plugin', 'install', 'resource', name, version], {
      env: { ...env.processEnv, PULUMI_SKIP_UPDATE_CHECK: 'true' },
      timeout: 300_000,
    });
    return undefined;
  } catch (error) {
    return `does not install (${error instanceof Error ? error.message.split('\n')[0] : error})`;
  }
}

/** Every plugin of the provider on PATH with its reported version, in PATH's order. */
export async function* pluginsOnPath(
  name: ProviderName,
  env: ToolchainEnv,
): AsyncGenerator<{ path: string; version: string | undefined }> {
  for await (const path of programsOnPath(`pulumi-resource-${name}`, env))
    yield { path, version: await readPluginVersion(path) };
}

/** The plugin of exactly this version: on PATH, else where Pulumi installs plugins, in folders named by version. */
async function findPlugin(
  name: ProviderName,
  version: string,
  env: ToolchainEnv,
): Promise<string | undefined> {
  for await (const found of pluginsOnPath(name, env)) if (found.version === version) return found.path;
  const folder = resolve(env.pulumiHome, 'plugins', `resource-${name}-v${version}`);
  const installed = join(folder, `pulumi-resource-${name}`);
  return (await isProgram(installed)) ? installed : undefined;
}

/** The version of the SDK in use, which the plugin must have. */
async function sdkVersion(name: ProviderName): Promise<string> {
  const entry = createRequire(import.meta.url).resolve(`@pulumi/${name}`);
  let folder = dirname(entry);
  for (;;) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    if (text !== undefined) {
      const manifest: { name?: string; version?: string } = JSON.parse(text);
      if (manifest.name === `@pulumi/${name}` && manifest.version) return manifest.version;
    }
    if (dirname(folder) === folder) throw new Error(`@pulumi/${name} is not installed`);
    folder = dirname(folder);
  }
}
