/**
 * Which Kubernetes and random provider the engine gets: the official plugin where it can be had, else the stand-in
 * that Tenantry serves itself.
 */
import { execFile } from 'node:child_process';
import { access, constants, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { canDownload } from './download.ts';
import { type ProviderName, providerVariable, type ToolchainEnv } from './env.ts';
import { currentPlatform } from './pins.ts';
import { ensureTool, ToolError } from './tools.ts';

export type ResolvedProvider =
  | { kind: 'official'; version: string; path: string; reason: string }
  | { kind: 'embedded'; version: string; reason: string };

export interface PluginOptions {
  env: ToolchainEnv;
  onProgress?: (line: string) => void;
  /** false: only looks, and fetches nothing. Default true. */
  install?: boolean;
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
  const url = `https://get.pulumi.com/releases/plugins/pulumi-resource-${name}-v${version}-${os}-${arch}.tar.gz`;
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

/** Where Pulumi installs plugins. */
export function pluginsFolder({ pulumiHome }: Pick<ToolchainEnv, 'pulumiHome'>): string {
  return resolve(pulumiHome, 'plugins');
}

/** Where the engine would find the plugin of exactly this version, or one on PATH. */
async function findPlugin(
  name: ProviderName,
  version: string,
  env: ToolchainEnv,
): Promise<string | undefined> {
  const program = `pulumi-resource-${name}`;
  const folders = [join(pluginsFolder(env), `resource-${name}-v${version}`), ...env.path];
  for (const folder of folders) {
    const path = join(folder, program);
    const there = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  return undefined;
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
