/** The Go that builds tools: where it is, and whether it is new enough. */
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import type { ToolchainEnv } from './env.ts';
import { programsOnPath } from './programs.ts';

const run = promisify(execFile);

/** What the tools' modules require. */
export const wantedGo = '1.26';
/** From this version on, Go fetches the newer toolchain that a module asks for, unless its settings say otherwise. */
const firstThatFetches = '1.21';

export interface Go {
  path: string;
  /** Its own version; null when it does not report one. */
  version: string | null;
  /** Whether it builds the tools, if need be by fetching a newer Go. */
  fits: boolean;
  /** Why it does not fit, or how it makes up for its age; null for one that is new enough. */
  remark: string | null;
}

/** The `go` on PATH and its abilities; undefined when there is none. Fetches nothing. */
export async function inspectGo(env: ToolchainEnv): Promise<Go | undefined> {
  const path = await findGo(env);
  if (path === undefined) return undefined;
  const version = /^go(\d+\.\d+\S*)/.exec((await goSetting(path, 'GOVERSION', env, 'local')) ?? '')?.[1];
  if (version === undefined)
    return { path, version: null, fits: false, remark: 'it does not say its version' };
  if (isAtLeast(version, wantedGo)) return { path, version, fits: true, remark: null };
  if (!isAtLeast(version, firstThatFetches))
    return { path, version, fits: false, remark: `it is older than ${wantedGo}` };
  const toolchain = (await goSetting(path, 'GOTOOLCHAIN', env)) || 'auto';
  // https://go.dev/doc/toolchain#select
  const named = /^go([\d.]+)/.exec(toolchain)?.[1];
  const fits = /^(.+\+)?auto$/.test(toolchain) || (named !== undefined && isAtLeast(named, wantedGo));
  return {
    path,
    version,
    fits,
    remark: fits
      ? `it is older than ${wantedGo}, and brings a newer one by itself`
      : `it is older than ${wantedGo}, and GOTOOLCHAIN=${toolchain} keeps it from bringing a newer one`,
  };
}

/** The `go` on PATH. */
export async function findGo(env: ToolchainEnv): Promise<string | undefined> {
  return (await programsOnPath('go', env).next()).value;
}

/** One of Go's settings, outside any module. */
async function goSetting(
  go: string,
  name: 'GOVERSION' | 'GOTOOLCHAIN',
  { processEnv }: ToolchainEnv,
  toolchain?: 'local',
): Promise<string | undefined> {
  try {
    const { stdout } = await run(go, ['env', name], {
      cwd: tmpdir(),
      // Otherwise Go might fetch another version just to report its own.
      env: { ...processEnv, GOWORK: 'off', ...(toolchain && { GOTOOLCHAIN: toolchain }) },
      timeout: 20_000,
    });
    return stdout.trim();
  } catch {
    return undefined;
  }
}

function isAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
