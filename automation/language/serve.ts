import { Server, ServerCredentials } from '@grpc/grpc-js';
import languageRpc from '@pulumi/pulumi/proto/language_grpc_pb.js';
import { type LanguageHostOptions, languageHostService } from './host.ts';

export interface LanguageHost {
  readonly port: number;
  /** Value for `PULUMI_DEBUG_LANGUAGES`, which makes an engine attach instead of starting a host. */
  readonly debugLanguages: string;
  close(): void;
}

/** Serves the Node language host on a port of 127.0.0.1. */
export async function serveLanguageHost(options: LanguageHostOptions): Promise<LanguageHost> {
  const server = new Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  server.addService(languageRpc.LanguageRuntimeService, languageHostService(options));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, debugLanguages: `nodejs:${port}`, close: () => server.forceShutdown() };
}
