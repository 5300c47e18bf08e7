/**
 * A platform stack without an account: simulated providers, a language host if there is no official one, state in a folder
 * and a key for its secrets, all in this process.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ensureLanguageHost, serveLanguageHost } from '../language/index.ts';
import { startKeyService } from '../local/keys.ts';
import { serveSimulatedProviders } from '../providers/simulated/index.ts';

export interface SimulatedStackOptions {
  readonly stack: string;
  /** Folder of `Pulumi.yaml`; only read. */
  readonly projectDir: string;
  /** Kept between previews; without it, everything is new. */
  readonly stateDir?: string | undefined;
  /** Path of the `pulumi` program. */
  readonly pulumi: string;
  readonly processEnv: NodeJS.ProcessEnv;
  /** Puts the language host on the PATH, where engines look for a policy pack's host even if they attach to another. */
  readonly runsPolicyPacks?: boolean;
  /** What the program prints. */
  readonly onOutput?: (text: string) => void;
}

export interface SimulatedStack {
  /** The environment of every command on the stack. */
  readonly env: NodeJS.ProcessEnv;
  /** Settings of the stack, for `--config-file`. */
  readonly configFile: string;
  readonly secretsProvider: string;
  /** A folder with an otherwise empty project of the same name, for commands that write settings. */
  readonly bareProject: string;
  /** True when the state contains the stack. */
  readonly exists: boolean;
  /** Keeps the key that the engine wrote into the settings when it made the stack. */
  keepSettings(): Promise<void>;
  close(): Promise<void>;
}

interface StackSettings {
  readonly secretsprovider?: string;
  readonly encryptedkey?: string;
  readonly encryptionsalt?: string;
  readonly config?: Readonly<Record<string, unknown>>;
}

const root = join(import.meta.dirname, '..', '..');
const secretsProvider = 'hashivault://preview';

/** Starts everything that a simulated stack needs. */
export async function openSimulatedStack(options: SimulatedStackOptions): Promise<SimulatedStack> {
  const { stack, projectDir } = options;
  const releases: (() => unknown)[] = [];
  const close = async () => {
    for (const release of releases.reverse()) await release();
  };
  try {
    const work = await mkdtemp(join(tmpdir(), 'tenantry-preview-'));
    releases.push(() => rm(work, { recursive: true, force: true }));
    const home = options.stateDir ?? work;
    await mkdir(join(home, 'state'), { recursive: true });

    const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
    releases.push(() => keys.stop());
    const providers = await serveSimulatedProviders();
    releases.push(() => providers.close());

    const name = await projectName(projectDir);
    const bareProject = join(work, 'project');
    await mkdir(bareProject);
    await writeFile(join(bareProject, 'Pulumi.yaml'), stringify({ name, runtime: 'nodejs' }));
    const settingsFile = join(home, `${stack}.json`);
    const configFile = join(work, `Pulumi.${stack}.yaml`);
    const config = await projectConfig(projectDir, stack);
    const writeConfig = async () => {
      const kept = await readFile(settingsFile, 'utf8').then(JSON.parse, () => ({}));
      await writeFile(configFile, stringify({ ...kept, ...(config && { config }) }));
    };
    await writeConfig();

    const program = programEnvironment(options.processEnv);
    const language = await languageHost(work, program, options, releases);
    const stateFile = join(home, 'state', '.pulumi', 'stacks', name, `${stack}.json`);
    return {
      configFile,
      bareProject,
      secretsProvider,
      exists: await readFile(stateFile).then(
        () => true,
        () => false,
      ),
      env: {
        ...program,
        ...language,
        PULUMI_HOME: join(home, 'pulumi'),
        PULUMI_BACKEND_URL: `file://${join(home, 'state')}`,
        PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
        PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
        PULUMI_DIY_BACKEND_NO_LEGACY_WARNING: '1',
        PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
        PULUMI_SKIP_UPDATE_CHECK: 'true',
        // The engine lives for seconds, of which garbage collection would take some. The limit bounds a long run.
        GOGC: 'off',
        GOMEMLIMIT: '1GiB',
        // One write of the state at the end: a simulated stack that stops half-way loses nothing.
        PULUMI_EXPERIMENTAL: 'true',
        PULUMI_SKIP_CHECKPOINTS: 'true',
        // Versions of the engine differ in which of these names they read.
        VAULT_ADDR: keys.address,
        VAULT_TOKEN: keys.token,
        VAULT_SERVER_URL: keys.address,
        VAULT_SERVER_TOKEN: keys.token,
      },
      async keepSettings() {
        const written = await readFile(join(bareProject, `Pulumi.${stack}.yaml`), 'utf8');
        const { secretsprovider, encryptedkey } = parse(written) as StackSettings;
        await writeFile(settingsFile, JSON.stringify({ secretsprovider, encryptedkey }), { mode: 0o600 });
        await writeConfig();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The environment of programs: the project's own Node, which reads TypeScript, comes first on the PATH. */
export function programEnvironment(processEnv: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    ...processEnv,
    PATH: [join(root, 'node_modules', '.bin'), processEnv.PATH ?? ''].join(delimiter),
    NODE_COMPILE_CACHE:
      processEnv.NODE_COMPILE_CACHE ?? join(root, 'node_modules', '.cache', 'tenantry', 'compiled'),
  };
}

/** The official host if there is one, or else ours, to which engines attach, so that no process has to start. */
async function languageHost(
  work: string,
  program: NodeJS.ProcessEnv,
  options: SimulatedStackOptions,
  releases: (() => unknown)[],
): Promise<NodeJS.ProcessEnv> {
  const path = (program.PATH ?? '').split(delimiter);
  const host = await ensureLanguageHost(join(work, 'bin'), [dirname(options.pulumi), ...path]);
  const folders = [dirname(options.pulumi), ...path];
  const found = { PATH: [host.folder, ...folders].join(delimiter) };
  if (host.kind === 'official') return found;
  const served = await serveLanguageHost({
    environment: program,
    onOutput: (_, chunk) => options.onOutput?.(chunk.toString()),
  });
  releases.push(() => served.close());
  return {
    PATH: options.runsPolicyPacks ? found.PATH : folders.join(delimiter),
    PULUMI_DEBUG_LANGUAGES: served.debugLanguages,
  };
}

/**
 * The stack's configuration without its real key. Values that are encrypted under that key cannot be read here, so programs
 * get a text that says so.
 */
async function projectConfig(projectDir: string, stack: string): Promise<StackSettings['config']> {
  const text = await readFile(join(projectDir, `Pulumi.${stack}.yaml`), 'utf8').catch(() => {
    throw new Error(`There is no stack "${stack}": Pulumi.${stack}.yaml is missing in ${projectDir}.`);
  });
  const { config } = (parse(text) ?? {}) as StackSettings;
  return config && Object.fromEntries(Object.entries(config).map(([key, value]) => [key, readable(value)]));
}

function readable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null) return value;
  if ('secure' in value) return 'encrypted-in-the-settings-of-the-stack';
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, readable(inner)]));
}

async function projectName(projectDir: string): Promise<string> {
  const project = parse(await readFile(join(projectDir, 'Pulumi.yaml'), 'utf8')) as { name: string };
  return project.name;
}
