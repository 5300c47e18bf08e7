/** What `tenantry doctor` reports: each tool, where it is, and what to do about missing ones. */
import { canDownload } from './download.ts';
import { type ProviderName, type ToolchainEnv, toolVariable } from './env.ts';
import { type Go, inspectGo, wantedGo } from './go.ts';
import { currentPlatform, pins, type ToolName, type ToolPin } from './pins.ts';
import { pluginsOnPath, type ResolvedProvider, resolveProviderPlugin } from './plugins.ts';
import { isProgram } from './programs.ts';
import { type FoundTool, findTool, onPath, type ToolchainOptions } from './tools.ts';

export interface ToolReport {
  name: ToolName;
  /** The pinned version. */
  wanted: string;
  found: FoundTool | null;
  /** Programs of this name on PATH that do not fit. */
  unfit: { path: string; version: string | null }[];
  /** What to do, as a sentence; null when there is nothing to do. */
  advice: string | null;
}

export interface ProviderReport {
  name: ProviderName;
  kind: ResolvedProvider['kind'] | 'missing';
  /** The official plugin; null where it is not used. */
  plugin: { path: string; version: string } | null;
  /** Plugins of this name on PATH that do not fit, or are not wanted. */
  unfit: { path: string; version: string | null }[];
  reason: string;
}

export interface Inspection {
  node: string;
  go: Go | null;
  /** Chromium, in which `npm test` tests the page; nothing else needs it. */
  chromium: { path: string; found: boolean };
  cacheDir: string;
  tools: ToolReport[];
  providers: ProviderReport[];
  /** Whether everything exists or will exist at the next start. */
  ok: boolean;
}

/** Inspects everything and changes nothing; asks the network only about missing tools. */
export async function inspect(options: ToolchainOptions): Promise<Inspection> {
  const { env } = options;
  const go = (await inspectGo(env)) ?? null;
  const tools = await Promise.all((options.pins ?? pins).map((pin) => inspectTool(pin, go, options)));
  const providers = await Promise.all(
    (['kubernetes', 'random'] as const).map((name) => inspectProvider(name, env)),
  );
  const ok =
    tools.every((tool) => tool.found !== null || tool.advice?.startsWith('Nothing to do') === true) &&
    providers.every((provider) => provider.kind !== 'missing');
  const chromium = { path: env.chromium, found: await isProgram(env.chromium) };
  return { node: process.version, go, chromium, cacheDir: env.cacheDir, tools, providers, ok };
}

async function inspectTool(pin: ToolPin, go: Go | null, options: ToolchainOptions): Promise<ToolReport> {
  const { env } = options;
  const unfit: ToolReport['unfit'] = [];
  for await (const { path, version } of onPath(pin, env))
    if (version === undefined || !pin.fits(version)) unfit.push({ path, version: version ?? null });
  try {
    const found = (await findTool(pin.name, options)) ?? null;
    const advice = found ? null : await adviceFor(pin, go, env);
    return { name: pin.name, wanted: pin.version, found, unfit, advice };
  } catch (error) {
    return { name: pin.name, wanted: pin.version, found: null, unfit, advice: messageOf(error) };
  }
}

async function inspectProvider(name: ProviderName, env: ToolchainEnv): Promise<ProviderReport> {
  const found = await resolveProviderPlugin(name, { env, install: false }).catch((error) => ({
    kind: 'missing' as const,
    reason: messageOf(error),
  }));
  const plugin = found.kind === 'official' ? { path: found.path, version: found.version } : null;
  const unfit: ProviderReport['unfit'] = [];
  for await (const { path, version } of pluginsOnPath(name, env)) {
    if (version === undefined || version !== plugin?.version) unfit.push({ path, version: version ?? null });
  }
  return { name, kind: found.kind, plugin, unfit, reason: found.reason };
}

async function adviceFor(pin: ToolPin, go: Go | null, env: ToolchainEnv): Promise<string> {
  const download = pin.download(currentPlatform());
  if (env.downloads && download !== null && (await canDownload(download.url)))
    return 'Nothing to do: it is downloaded at the next start.';
  if (go?.fits) return 'Nothing to do: it is built with Go at the next start, which takes some minutes.';
  if (pin.otherwise)
    return `Nothing to do: ${pin.otherwise} is used instead, which is slower; with Go ${wantedGo} or newer (https://go.dev/dl) it would be built.`;
  return `Install Go ${wantedGo} or newer (https://go.dev/dl), or set ${toolVariable(pin.name)} to a ${pin.name} ${pin.version}.`;
}

/** The report as lines of text for a terminal. */
export function formatDoctor(inspection: Inspection): string {
  const width = Math.max(...inspection.tools.map((tool) => tool.name.length));
  const lines = [
    `node ${inspection.node}; cache ${inspection.cacheDir}`,
    goLine(inspection.go),
    chromiumLine(inspection.chromium),
    '',
    ...inspection.tools.flatMap((tool) => {
      const mark = tool.found ? 'ok     ' : 'missing';
      const what = tool.found
        ? `${tool.found.version ?? 'unknown version'} ${tool.found.path} (${sources[tool.found.source]})`
        : `${tool.wanted} wanted`;
      return [
        `${mark} ${tool.name.padEnd(width)} ${what}`,
        ...tool.unfit.map(unusedLine),
        ...(tool.advice === null ? [] : [`        ${tool.advice}`]),
      ];
    }),
    '',
    ...inspection.providers.flatMap(({ name, kind, plugin, unfit, reason }) => [
      `${kind === 'missing' ? 'missing' : 'ok     '} ${name} provider: ${[kind, plugin?.version, plugin?.path].filter(Boolean).join(' ')}; ${reason}`,
      ...unfit.map(unusedLine),
    ]),
  ];
  return lines.join('\n');
}

function unusedLine({ path, version }: ToolReport['unfit'][number]): string {
  return `        not used: ${path}, version ${version ?? 'unknown'}`;
}

function goLine(go: Go | null): string {
  if (go === null) return `go not found: ${wantedGo} or newer builds what cannot be downloaded`;
  return `go ${go.version ?? 'unknown version'} ${go.path}${go.remark === null ? '' : `: ${go.remark}`}`;
}

function chromiumLine({ path, found }: Inspection['chromium']): string {
  return found
    ? `chromium ${path}`
    : `chromium not found at ${path}: npm test needs it, there or at CHROMIUM_PATH`;
}

const sources: Record<FoundTool['source'], string> = {
  variable: 'named by its variable',
  path: 'on PATH',
  cache: 'cache',
  download: 'downloaded',
  build: 'built',
};

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
