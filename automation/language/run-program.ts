import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProgramInfo, RunRequest } from '@pulumi/pulumi/proto/language_pb.js';
import { z } from 'zod';

/** The exit code of a program that has already shown its error (sdk/nodejs/cmd/run/index.ts). */
const errorAlreadyShown = 32;

export interface ProgramSurroundings {
  /** Of this process, like the official host's; `node` is found on its PATH. */
  readonly environment: NodeJS.ProcessEnv;
  /** The program's output. */
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer) => void;
  readonly signal: AbortSignal;
}

export interface ProgramResult {
  /** Empty when the program ended well, or has shown its error itself. */
  readonly error: string;
  /** The program failed and has said why. */
  readonly bail: boolean;
}

const optionsSchema = z.object({
  typescript: z.boolean('the runtime option typescript must be a boolean').default(true),
  tsconfig: z.string('the runtime option tsconfig must be a path').optional(),
  nodeargs: z.string('the runtime option nodeargs must be a string').default(''),
});

/** Options of `runtime:` in Pulumi.yaml or PulumiPolicy.yaml, as environment and arguments of Node. */
export function runtimeOptions(info: ProgramInfo | undefined): {
  environment: NodeJS.ProcessEnv;
  nodeArguments: string[];
} {
  const parsed = optionsSchema.safeParse(info?.getOptions()?.toJavaScript() ?? {});
  if (!parsed.success) throw new Error(parsed.error.issues.map(({ message }) => message).join('; '));
  const { typescript, tsconfig, nodeargs } = parsed.data;
  return {
    environment: {
      ...(typescript && { PULUMI_NODEJS_TYPESCRIPT: 'true' }),
      ...(tsconfig && { PULUMI_NODEJS_TSCONFIG_PATH: tsconfig }),
    },
    nodeArguments: nodeargs.split(/\s+/).filter((argument) => argument !== ''),
  };
}

/**
 * Runs a Pulumi program in a Node process of its own, with the arguments and environment that the official host
 * gives it (pulumi/pulumi, sdk/nodejs/cmd/pulumi-language-nodejs/main.go: constructArguments, execRuntime).
 */
export async function runProgram(
  request: RunRequest,
  engineAddress: string,
  surroundings: ProgramSurroundings,
): Promise<ProgramResult> {
  const info = request.getInfo();
  const directory = info?.getProgramDirectory() ?? '';
  const { environment, nodeArguments } = runtimeOptions(info);
  const flags = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    'root-directory': info?.getRootDirectory() ?? '',
    stack: request.getStack(),
    pwd: directory,
    parallel: String(request.getParallel()),
  };
  const child = spawn(
    'node',
    [
      ...nodeArguments,
      locate('@pulumi/pulumi/cmd/run', directory),
      ...Object.entries(flags).flatMap(([flag, value]) => (value ? [`--${flag}`, value] : [])),
      ...(request.getDryrun() ? ['--dry-run'] : []),
      info?.getEntryPoint() || '.',
      ...request.getArgsList(),
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...surroundings.environment,
        ...environment,
        PULUMI_CONFIG: JSON.stringify(programConfig(request)),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
      },
    },
  );
  const interrupt = () => child.kill('SIGINT');
  surroundings.signal.addEventListener('abort', interrupt);
  child.stdout.on('data', (chunk: Buffer) => surroundings.onOutput('stdout', chunk));
  child.stderr.on('data', (chunk: Buffer) => surroundings.onOutput('stderr', chunk));
  return new Promise((resolve) => {
    const settle = (error: string, bail = false) => {
      surroundings.signal.removeEventListener('abort', interrupt);
      resolve({ error, bail });
    };
    child.on('error', (error) => settle(`node could not be started: ${error.message}`));
    child.on('close', (code, signal) => {
      if (code === 0) settle('');
      else if (code === errorAlreadyShown) settle('', true);
      else settle(`Program exited with non-zero exit code: ${code ?? signal}`);
    });
  });
}

/** Programs read `<package>:config:<name>`, the older form of a key. */
function programConfig(request: RunRequest): Record<string, string> {
  const entries = request.getConfigMap().toArray() as [string, string][];
  return Object.fromEntries(
    entries.map(([key, value]) => {
      const [namespace = '', ...name] = key.split(':');
      return [`${namespace}:config:${name.at(-1)}`, value];
    }),
  );
}

/** Path of a module as the program itself would find it. */
export function locate(module: string, directory: string): string {
  try {
    return createRequire(join(directory, 'index.js')).resolve(module);
  } catch {
    throw new Error(
      'It looks like the Pulumi SDK has not been installed. Have you run npm install or npm ci?',
    );
  }
}
