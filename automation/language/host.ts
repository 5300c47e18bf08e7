import { execFile, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import {
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import type * as pb from '@pulumi/pulumi/proto/language_pb.js';
import languagePb from '@pulumi/pulumi/proto/language_pb.js';
import pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import { requiredPackages } from './packages.ts';
import { runPolicyPack } from './policy-pack.ts';
import { locate, type ProgramSurroundings, runProgram } from './run-program.ts';

export interface LanguageHostOptions {
  /** Address of the engine's gRPC server; an engine that attaches sends it in its handshake instead. */
  readonly engineAddress?: string;
  /** What programs inherit; `node` and `npm` are found on its PATH. */
  readonly environment: NodeJS.ProcessEnv;
  readonly onOutput: (stream: 'stdout' | 'stderr', chunk: Buffer, engineAddress: string) => void;
}

const run = promisify(execFile);

/**
 * The gRPC service `pulumirpc.LanguageRuntime` for Node programs: what the engine needs to run a project, its policy
 * packs and `pulumi install`. Without code generation.
 */
export function languageHostService(options: LanguageHostOptions): UntypedServiceImplementation {
  const { environment } = options;
  let engineAddress = options.engineAddress ?? '';
  let cancelled = new AbortController();
  const surroundings = (signal: AbortSignal): ProgramSurroundings => ({
    environment,
    signal: AbortSignal.any([signal, cancelled.signal]),
    onOutput: (stream, chunk) => options.onOutput(stream, chunk, engineAddress),
  });

  return {
    handshake: unary<pb.LanguageHandshakeRequest, pb.LanguageHandshakeResponse>((request) => {
      engineAddress = request.getEngineAddress();
      cancelled = new AbortController();
      return new languagePb.LanguageHandshakeResponse();
    }),

    getPluginInfo: unary(() => {
      const info = new pluginPb.PluginInfo();
      info.setVersion('3.250.0');
      return info;
    }),

    getRequiredPackages: unary<pb.GetRequiredPackagesRequest, pb.GetRequiredPackagesResponse>(
      async (request) => {
        const response = new languagePb.GetRequiredPackagesResponse();
        for (const { name, version, server } of await requiredPackages(directoryOf(request))) {
          const dependency = new pluginPb.PackageDependency();
          dependency.setName(name);
          dependency.setKind('resource');
          dependency.setVersion(version);
          dependency.setServer(server);
          response.addPackages(dependency);
        }
        return response;
      },
    ),

    run: unary<pb.RunRequest, pb.RunResponse>(async (request, signal) => {
      const response = new languagePb.RunResponse();
      try {
        const { error, bail } = await runProgram(request, engineAddress, surroundings(signal));
        response.setError(error);
        response.setBail(bail);
      } catch (error) {
        // The engine shows the response's error as it is; it would call a failed call a crash of the host.
        response.setError(error instanceof Error ? error.message : String(error));
      }
      return response;
    }),

    runPlugin: streaming<pb.RunPluginRequest, pb.RunPluginResponse>(async (request, write, signal) => {
      if (request.getKind() !== 'analyzer')
        throw unimplemented(`This language host runs policy packs, not plugins of kind ${request.getKind()}`);
      const exitCode = await runPolicyPack(request, {
        ...surroundings(signal),
        onOutput: (stream, chunk) => {
          const response = new languagePb.RunPluginResponse();
          if (stream === 'stdout') response.setStdout(chunk);
          else response.setStderr(chunk);
          write(response);
        },
      });
      const response = new languagePb.RunPluginResponse();
      response.setExitcode(exitCode);
      write(response);
    }),

    installDependencies: streaming<pb.InstallDependenciesRequest, pb.InstallDependenciesResponse>(
      async (request, write) => {
        const child = spawn('npm', ['install', '--loglevel=error'], {
          cwd: directoryOf(request),
          env: environment,
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const pass = (set: 'setStdout' | 'setStderr') => (chunk: Buffer) => {
          const response = new languagePb.InstallDependenciesResponse();
          response[set](chunk);
          write(response);
        };
        child.stdout.on('data', pass('setStdout'));
        child.stderr.on('data', pass('setStderr'));
        const code = await new Promise<number | null>((resolve, reject) => {
          child.on('error', reject);
          child.on('close', resolve);
        });
        if (code !== 0) throw new Error(`npm install failed with exit code ${code}`);
      },
    ),

    about: unary<pb.AboutRequest, pb.AboutResponse>(async () => {
      const response = new languagePb.AboutResponse();
      const { stdout } = await run('node', ['-p', 'process.execPath + "\\n" + process.version'], {
        env: environment,
      });
      const [executable = '', version = ''] = stdout.trim().split('\n');
      response.setExecutable(executable);
      response.setVersion(version);
      response.getMetadataMap().set('packagemanager', 'npm');
      return response;
    }),

    getProgramDependencies: unary<pb.GetProgramDependenciesRequest, pb.GetProgramDependenciesResponse>(
      async (request) => {
        const response = new languagePb.GetProgramDependenciesResponse();
        for (const [name, version] of await dependencies(directoryOf(request))) {
          const dependency = new languagePb.DependencyInfo();
          dependency.setName(name);
          dependency.setVersion(version);
          response.addDependencies(dependency);
        }
        return response;
      },
    ),

    runtimeOptionsPrompts: unary(() => new languagePb.RuntimeOptionsResponse()),
    template: unary(() => new languagePb.TemplateResponse()),
    cancel: unary(() => {
      cancelled.abort();
      return new emptyPb.Empty();
    }),
  };
}

type WithInfo = { getInfo(): pb.ProgramInfo | undefined };

function directoryOf(request: WithInfo): string {
  return request.getInfo()?.getProgramDirectory() ?? '';
}

/** Direct dependencies of the project with their installed versions. */
async function dependencies(directory: string): Promise<[string, string][]> {
  const manifest = await nearestManifest(directory);
  if (!manifest) return [];
  const found: [string, string][] = [];
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })) {
    const path = tryLocate(`${name}/package.json`, directory);
    const text = path && (await readFile(path, 'utf8').catch(() => undefined));
    if (text) found.push([name, (JSON.parse(text) as { version?: string }).version ?? '']);
  }
  return found;
}

interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
}

async function nearestManifest(directory: string): Promise<Manifest | undefined> {
  const text = await readFile(join(directory, 'package.json'), 'utf8').catch(() => undefined);
  if (text !== undefined) return JSON.parse(text) as Manifest;
  return dirname(directory) === directory ? undefined : nearestManifest(dirname(directory));
}

function tryLocate(module: string, directory: string): string | undefined {
  try {
    return locate(module, directory);
  } catch {
    return undefined;
  }
}

function unary<Request, Response>(
  answer: (request: Request, signal: AbortSignal) => Promise<Response> | Response,
) {
  return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    Promise.resolve()
      .then(() => answer(call.request, gone.signal))
      .then(
        (response) => callback(null, response),
        (error: unknown) => callback(grpcFailure(error)),
      );
  };
}

function streaming<Request, Response>(
  answer: (request: Request, write: (response: Response) => void, signal: AbortSignal) => Promise<void>,
) {
  return (call: ServerWritableStream<Request, Response>): void => {
    const gone = new AbortController();
    call.on('cancelled', () => gone.abort());
    answer(call.request, (response) => call.write(response), gone.signal).then(
      () => call.end(),
      (error: unknown) => call.emit('error', grpcFailure(error)),
    );
  };
}

function unimplemented(message: string): Error {
  return Object.assign(new Error(message), { code: status.UNIMPLEMENTED });
}

function grpcFailure(error: unknown): { code: status; message: string } {
  const unsupported = error instanceof Error && 'code' in error && error.code === status.UNIMPLEMENTED;
  return {
    code: unsupported ? status.UNIMPLEMENTED : status.UNKNOWN,
    message: error instanceof Error ? error.message : String(error),
  };
}
