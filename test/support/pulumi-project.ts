/** Pulumi projects in temporary folders, and the CLI as its users call it. */
import { spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { inject } from 'vitest';
import { ensureLanguageHost } from '../../automation/language/shim.ts';
import { startKeyService } from '../../automation/local/keys.ts';
import { programEnvironment } from '../../automation/preview/simulated-stack.ts';
import { serveSimulatedProviders } from '../../automation/providers/simulated/serve.ts';

const root = join(import.meta.dirname, '..', '..');

/** A project of its own in a new folder, with this repository's packages and compiler settings. */
export async function newProject(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(inject('runDir'), 'project-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await cp(join(root, 'tsconfig.json'), join(folder, 'tsconfig.json'));
  const usual = {
    'Pulumi.yaml':
      'name: small\nmain: program/index.ts\nruntime: {name: nodejs, options: {typescript: true}}\n',
    'package.json': '{"name": "small", "type": "module"}',
  };
  for (const [name, text] of Object.entries({ ...usual, ...files })) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return folder;
}

/** A copy of the platform project, whose settings and program a test may change. */
export async function copyOfPlatform(): Promise<string> {
  const folder = await mkdtemp(join(inject('runDir'), 'platform-'));
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  const settings = (await readdir(root)).filter((name) => /^Pulumi(?:\.[\w-]+)?\.yaml$/.test(name));
  for (const name of ['infra', 'tenants', 'package.json', 'tsconfig.json', ...settings]) {
    await cp(join(root, name), join(folder, name), { recursive: true });
  }
  return folder;
}

export interface CommandResult {
  readonly exitCode: number | null;
  /** What it printed, standard output and error as they came. */
  readonly text: string;
  readonly stdout: string;
}

export interface PulumiUser {
  /** Runs `pulumi …` in a project's folder. */
  pulumi(folder: string, ...args: readonly string[]): Promise<CommandResult>;
  close(): Promise<void>;
}

/**
 * Plays a person at a terminal with the CLI, a backend and a key. Simulated providers take the place of plugins, and the CLI
 * finds `pulumi-language-nodejs` on the PATH like the official one.
 */
export async function newPulumiUser(): Promise<PulumiUser> {
  const home = await mkdtemp(join(inject('runDir'), 'user-'));
  await mkdir(join(home, 'state'));
  const providers = await serveSimulatedProviders();
  const keys = await startKeyService({ keyFile: join(home, 'keys.json') });
  const program = programEnvironment(process.env);
  const path = (program.PATH ?? '').split(delimiter);
  const host = await ensureLanguageHost(join(home, 'bin'), path);
  const env = {
    ...program,
    PATH: [dirname(inject('tools').pulumi), host.folder, ...path].join(delimiter),
    PULUMI_HOME: join(home, 'pulumi'),
    PULUMI_BACKEND_URL: `file://${join(home, 'state')}`,
    PULUMI_DEBUG_PROVIDERS: providers.debugProviders,
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    PULUMI_SKIP_UPDATE_CHECK: 'true',
    // One write of the state at the end of an update, in place of two for each of its hundreds of resources.
    PULUMI_EXPERIMENTAL: 'true',
    PULUMI_SKIP_CHECKPOINTS: 'true',
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: 'true',
    GOGC: 'off',
    GOMEMLIMIT: '1GiB',
    VAULT_ADDR: keys.address,
    VAULT_TOKEN: keys.token,
    VAULT_SERVER_URL: keys.address,
    VAULT_SERVER_TOKEN: keys.token,
  };
  return {
    pulumi: (folder, ...args) => run('pulumi', args, folder, env),
    async close() {
      await providers.close();
      await keys.stop();
    },
  };
}

async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<CommandResult> {
  const child = spawn(program, [...args, '--non-interactive', '--color', 'never'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [text, stdout] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
    text += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { exitCode, text, stdout };
}
