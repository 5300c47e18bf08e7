import { RandomProvider } from '../random/provider.ts';
import { type ProviderServer, serve } from '../serve.ts';
import { SimulatedAws } from './aws/provider.ts';
import { SimulatedEks } from './eks/provider.ts';
import { SimulatedKubernetes } from './kubernetes/provider.ts';

/** Serves every provider that the platform program needs, for an engine without an account. */
export async function serveSimulatedProviders(): Promise<ProviderServer> {
  return serve([new SimulatedAws(), new SimulatedEks(), new SimulatedKubernetes(), new RandomProvider()]);
}
