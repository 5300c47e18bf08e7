/**
 * Finds each program that Tenantry runs, in this order: the variable `TENANTRY_TOOL_<NAME>`, a fitting version on
 * PATH, the project's cache, the official download, a build from the pinned Go modules.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { buildTools, missingGo } from './build.ts';
import { downloadTool } from './download.ts';
import { type ToolchainEnv, toolVariable } from './env.ts';
import { withLock } from './lock.ts';
import { pins, type ToolName, type ToolPin } from './pins.ts';
import { isProgram, programsOnPath } from './programs.ts';

export interface FoundTool {
  name: ToolName;
  path: string;
  /** Its own version; undefined when it does not report one. */
  version: string | undefined;
  source: 'variable' | 'path' | 'cache' | 'download' | 'build';
}

export interface ToolchainOptions {
  env: ToolchainEnv;
  /** Called with a line of text now and then during downloads and builds. */
  onProgress?: (line: string) => void;
  /** Default: `pins`. */
  pins?: readonly ToolPin[];
  /** Folder of the Go modules; default `modules/` beside this file. */
  modulesDir?: string;
}

/** Its message is one sentence for the person at the terminal, and says what to do. */
export class ToolError extends Error {
  override readonly name = 'ToolError';
}

const run = promisify(execFile);

/** Looks for a tool without fetching or building anything; undefined when it is nowhere. */
export async function findTool(name: ToolName, options: ToolchainOptions): Promise<FoundTool | undefined> {
  const pin = pinOf(name, options);
  const { env } = options;
  const chosen = env.chosen[name];
  if (chosen !== undefined) {
    if (!(await isProgram(chosen)))
      throw new ToolError(`${toolVariable(name)} names ${chosen}, which is not a program that can be run.`);
    return { name, path: chosen, version: await readVersion(chosen, pin), source: 'variable' };
  }
  for await (const { path, version } of onPath(pin, env))
    if (version !== undefined && pin.fits(version)) return { name, path, version, source: 'path' };
  const cached = cachePath(pin, env);
  return (await isProgram(cached))
    ? { name, path: cached, version: pin.version, source: 'cache' }
    : undefined;
}

/** Every program of the tool's name on PATH with its version, in PATH's order. */
export async function* onPath(
  pin: ToolPin,
  env: ToolchainEnv,
): AsyncGenerator<{ path: string; version: string | undefined }> {
  for await (const path of programsOnPath(pin.name, env))
    yield { path, version: await readVersion(path, pin) };
}

/** Finds a tool or fetches it; rejects with a `ToolError` when it cannot be had. */
export async function ensureTool(name: ToolName, options: ToolchainOptions): Promise<FoundTool> {
  return (await ensureTools([name], options))[name];
}

/**
 * Finds or fetches several tools: downloads what it can, side by side, and builds the rest, the tools of one module
 * in one go. Two processes at once do the work once; an interrupted one leaves no half-written tool.
 */
export async function ensureTools<Name extends ToolName>(
  names: readonly Name[],
  options: ToolchainOptions,
): Promise<Record<Name, FoundTool>> {
  const found: Partial<Record<ToolName, FoundTool>> = {};
  const missing: ToolPin[] = [];
  await Promise.all(
    names.map(async (name) => {
      const tool = await findTool(name, options);
      if (tool) found[name] = tool;
      else missing.push(pinOf(name, options));
    }),
  );
  const byModule = Map.groupBy(missing, (pin) => pin.module);
  await Promise.all(
    [...byModule].map(async ([module, pinsOfModule]) => {
      for (const tool of await bringModule(module, pinsOfModule, options)) found[tool.name] = tool;
    }),
  );
  return found as Record<Name, FoundTool>;
}

async function bringModule(
  module: string,
  wanted: readonly ToolPin[],
  options: ToolchainOptions,
): Promise<FoundTool[]> {
  const { env } = options;
  const onProgress = options.onProgress ?? (() => {});
  const folder = join(env.cacheDir, 'tools', module);
  const namesOf = (list: readonly ToolPin[]) => list.map((pin) => pin.name).join(', ');
  return withLock(
    join(folder, 'lock'),
    async () => {
      const brought: FoundTool[] = [];
      const open: ToolPin[] = [];
      // Another process may have fetched some while this one waited for the lock.
      for (const pin of wanted) {
        const path = cachePath(pin, env);
        if (await isProgram(path))
          brought.push({ name: pin.name, path, version: pin.version, source: 'cache' });
        else open.push(pin);
      }
      await removePartial(folder);
      const partial = join(folder, `.partial-${process.pid}`);
      await mkdir(partial, { recursive: true });
      try {
        const unavailable: ToolPin[] = [];
        await Promise.all(
          open.map(async (pin) => {
            const fetched = env.downloads ? await downloadTool(pin, partial, onProgress) : undefined;
            if (fetched) brought.push(await install(pin, fetched, 'download', env));
            else unavailable.push(pin);
          }),
        );
        if (unavailable.length > 0) {
          const go = await missingGo(env);
          if (go)
            throw new ToolError(
              `${namesOf(unavailable)} could not be downloaded, and ${go}: install Go 1.26 or newer (https://go.dev/dl), or name each program in a variable such as ${toolVariable(unavailable[0]?.name ?? 'pulumi')}.`,
            );
          const modulesDir = options.modulesDir ?? join(import.meta.dirname, 'modules');
          const built = await buildTools(join(modulesDir, module), unavailable, partial, env, onProgress);
          for (const [pin, path] of built) brought.push(await install(pin, path, 'build', env));
        }
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
      return brought;
    },
    () => onProgress(`waiting for another process that brings ${namesOf(wanted)}`),
  );
}

/** Checks that the new program runs, then moves it into place in one step. */
async function install(
  pin: ToolPin,
  from: string,
  source: 'download' | 'build',
  env: ToolchainEnv,
): Promise<FoundTool> {
  const version = await readVersion(from, pin);
  if (version === undefined) throw new ToolError(`The new ${pin.name} does not run on this machine.`);
  const path = cachePath(pin, env);
  await mkdir(dirname(path), { recursive: true });
  await rename(from, path);
  return { name: pin.name, path, version, source };
}

/** Where the cache keeps a tool: `tools/<module>/<version>/<tool>`. */
export function cachePath(pin: ToolPin, env: ToolchainEnv): string {
  return join(env.cacheDir, 'tools', pin.module, pin.version, pin.name);
}

/** The version that a program reports; undefined when it does not start or reports none. */
export async function readVersion(path: string, pin: ToolPin): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await run(path, [...pin.versionArguments], {
      timeout: 20_000,
      env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', PULUMI_SKIP_UPDATE_CHECK: 'true' },
    });
    return pin.versionPattern.exec(stdout + stderr)?.[1];
  } catch {
    return undefined;
  }
}

async function removePartial(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  await Promise.all(
    names
      .filter((name) => name.startsWith('.partial-'))
      .map((name) => rm(join(folder, name), { recursive: true, force: true })),
  );
}

function pinOf(name: ToolName, options: ToolchainOptions): ToolPin {
  const pin = (options.pins ?? pins).find((candidate) => candidate.name === name);
  if (!pin) throw new ToolError(`There is no tool "${name}".`);
  return pin;
}
