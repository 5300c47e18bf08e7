import { type ChildProcess, spawn } from 'node:child_process';
import {
  type Client,
  credentials,
  makeGenericClientConstructor,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import analyzerRpc from '@pulumi/pulumi/proto/analyzer_grpc_pb.js';
import analyzerPb from '@pulumi/pulumi/proto/analyzer_pb.js';
import type { RunPluginRequest } from '@pulumi/pulumi/proto/language_pb.js';
import { locate, type ProgramSurroundings, runtimeOptions } from './run-program.ts';

type StackConfiguration = InstanceType<typeof analyzerPb.AnalyzerStackConfigureRequest>;

/**
 * Runs a policy pack until the engine is done with it. A pack reads its stack's name and configuration from its
 * environment, but the engine sends them only after it connects: so the engine connects to us first, and we pass its
 * requests on to the pack as soon as that runs (as pulumi/pulumi does: sdk/policy_proxy.go).
 */
export async function runPolicyPack(
  request: RunPluginRequest,
  surroundings: ProgramSurroundings,
): Promise<number> {
  const directory = request.getInfo()?.getProgramDirectory() ?? '';
  const { environment } = runtimeOptions(request.getInfo());
  const runPath = locate('@pulumi/pulumi/cmd/run-policy-pack', directory);

  let child: ChildProcess | undefined;
  let pack: Promise<Client> | undefined;
  const start = (stack: StackConfiguration | null): Promise<Client> => {
    pack ??= new Promise((resolve, reject) => {
      // Unlike a program's, the working directory is the pack's, and its path is the last argument.
      const started = spawn('node', [runPath, ...request.getArgsList(), directory], {
        cwd: directory,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...surroundings.environment,
          ...Object.fromEntries(request.getEnvList().map((pair) => splitOnce(pair, '='))),
          ...environment,
          ...stackEnvironment(stack),
        },
      });
      child = started;
      let port = '';
      started.stdout.on('data', (chunk: Buffer) => {
        if (port.endsWith('\n')) return surroundings.onOutput('stdout', chunk);
        const [line, rest] = splitOnce(port + chunk.toString(), '\n');
        port = rest === undefined ? line : `${line}\n`;
        if (rest === undefined) return;
        if (rest !== '') surroundings.onOutput('stdout', Buffer.from(rest));
        const AnalyzerClient = makeGenericClientConstructor(analyzerRpc.AnalyzerService, 'Analyzer');
        resolve(new AnalyzerClient(`127.0.0.1:${Number(line)}`, credentials.createInsecure(), unlimited));
      });
      started.stderr.on('data', (chunk: Buffer) => surroundings.onOutput('stderr', chunk));
      started.on('error', reject);
      started.on('exit', (code) => reject(new Error(`the policy pack ended with exit code ${code}`)));
    });
    return pack;
  };

  const server = new Server(unlimited);
  server.addService(analyzerRpc.AnalyzerService, analyzerProxy(start));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  // The first line that a plugin prints is its port.
  surroundings.onOutput('stdout', Buffer.from(`${port}\n`));
  await new Promise<void>((resolve) => {
    if (surroundings.signal.aborted) resolve();
    else surroundings.signal.addEventListener('abort', () => resolve());
  });
  server.forceShutdown();
  child?.kill('SIGTERM');
  await pack?.then((client) => client.close()).catch(() => {});
  return 0;
}

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

type Unary = (call: ServerUnaryCall<unknown, unknown>, callback: sendUnaryData<unknown>) => void;

/** Every method of the analyzer, passed on; the two that come before the pack runs are answered here. */
function analyzerProxy(start: (stack: StackConfiguration | null) => Promise<Client>): Record<string, Unary> {
  const methods = Object.entries(analyzerRpc.AnalyzerService).map(([name, method]): [string, Unary] => [
    name,
    (call, callback) => {
      start(name === 'configureStack' ? (call.request as StackConfiguration) : null).then(
        (client) =>
          client.makeUnaryRequest<unknown, unknown>(
            method.path,
            method.requestSerialize as (value: unknown) => Buffer,
            method.responseDeserialize,
            call.request,
            (error: ServiceError | null, response?: unknown) => callback(error, response),
          ),
        (error: unknown) => callback({ code: status.UNAVAILABLE, message: String(error) }),
      );
    },
  ]);
  return {
    ...Object.fromEntries(methods),
    handshake: (_, callback) => callback(null, new analyzerPb.AnalyzerHandshakeResponse()),
  };
}

function stackEnvironment(stack: StackConfiguration | null): NodeJS.ProcessEnv {
  if (!stack) return {};
  return {
    PULUMI_NODEJS_ORGANIZATION: stack.getOrganization(),
    PULUMI_NODEJS_PROJECT: stack.getProject(),
    PULUMI_NODEJS_STACK: stack.getStack(),
    PULUMI_NODEJS_DRY_RUN: String(stack.getDryRun()),
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(stack.getConfigMap().toArray())),
  };
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
