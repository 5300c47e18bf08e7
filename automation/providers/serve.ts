import { Server, ServerCredentials } from '@grpc/grpc-js';
import providerRpc from '@pulumi/pulumi/proto/provider_grpc_pb.js';
import { Connections } from './connections.ts';
import { EngineLog } from './engine-log.ts';
import { KubernetesProvider } from './kubernetes/provider.ts';
import type { ResourceProvider } from './provider.ts';
import { RandomProvider } from './random/provider.ts';
import { resourceProviderService } from './rpc.ts';
import { TenantryProvider, type TenantryProviderOptions } from './tenantry/provider.ts';

export interface ProviderServerOptions {
  readonly kubernetes?: { /** Path of the kubeconfig. */ readonly kubeconfig: string };
  readonly random?: true;
  readonly tenantry?: Omit<TenantryProviderOptions, 'beforeWrite'>;
  /** Called immediately before every request that changes something; throws once this process may no longer write. */
  readonly beforeWrite: () => void;
}

export interface ProviderServer {
  /** Value for `PULUMI_DEBUG_PROVIDERS`: `kubernetes:123,random:124,tenantry:125`. */
  readonly debugProviders: string;
  /** Aborts operations under way and releases ports and connections. */
  close(): Promise<void>;
}

/**
 * Serves Pulumi providers in this process, each on a port of 127.0.0.1, for an engine to attach to.
 * One server serves any number of engines, one after another or at once; an engine's Cancel ends only
 * that engine's operations.
 */
export async function serveProviders(options: ProviderServerOptions): Promise<ProviderServer> {
  const { beforeWrite } = options;
  const providers: ResourceProvider[] = [];
  if (options.kubernetes) providers.push(new KubernetesProvider({ ...options.kubernetes, beforeWrite }));
  if (options.random) providers.push(new RandomProvider());
  if (options.tenantry) providers.push(new TenantryProvider({ ...options.tenantry, beforeWrite }));
  return serve(providers);
}

/** Serves each provider on a port of its own. */
export async function serve(providers: readonly ResourceProvider[]): Promise<ProviderServer> {
  const served: { name: string; port: number; close(): Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(served.map((server) => server.close()));
  };
  try {
    for (const provider of providers) served.push(await serveOne(provider));
  } catch (error) {
    await close();
    throw error;
  }
  return { debugProviders: served.map(({ name, port }) => `${name}:${port}`).join(','), close };
}

/** The engine sends whole states in one message: we set no limit. */
const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

async function serveOne(provider: ResourceProvider) {
  const connections = new Connections();
  const log = new EngineLog();
  const server = new Server(unlimited);
  server.addService(providerRpc.ResourceProviderService, resourceProviderService(provider, connections, log));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    name: provider.name,
    port,
    async close(): Promise<void> {
      connections.cancelAll('The provider server is closing');
      server.forceShutdown();
      log.close();
      await provider.close();
    },
  };
}
