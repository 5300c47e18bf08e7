import { isMap, type PropertyMap } from '../../properties.ts';
import type {
  CallRequest,
  CheckFailure,
  ConstructRequest,
  ConstructResult,
  DiffResult,
  InvokeResult,
  OperationContext,
  ResourceProvider,
  ResourceState,
} from '../../provider.ts';
import { SdkFacts } from '../sdk-facts.ts';
import { constructCluster } from './cluster.ts';
import { kubeconfigOf, toJsonText } from './kubeconfig.ts';
import { Monitor } from './monitor.ts';

/** The package `eks`, whose resources are components: it registers their parts in AWS and Kubernetes. */
export class SimulatedEks implements ResourceProvider {
  readonly name = 'eks';
  readonly version = new SdkFacts('eks').version;
  readonly #versions = { aws: new SdkFacts('aws').version, kubernetes: new SdkFacts('kubernetes').version };

  async construct(request: ConstructRequest): Promise<ConstructResult> {
    if (request.type !== 'eks:index:Cluster') throw new Error(`${request.type} is not simulated`);
    return withMonitor(request.monitor, (monitor) => constructCluster(request, monitor, this.#versions));
  }

  async call({ token, arguments: asked }: CallRequest): Promise<InvokeResult> {
    if (token !== 'eks:index:Cluster/getKubeconfig') throw new Error(`${token} is not simulated`);
    const self = asked.__self__;
    const cluster = isMap(self) && isMap(self.eksCluster) ? self.eksCluster : {};
    const { roleArn, profileName } = asked;
    return {
      result: { result: toJsonText(kubeconfigOf(cluster, { roleArn, profileName })) },
      failures: [],
    };
  }

  async check(context: OperationContext): Promise<{ inputs: PropertyMap; failures: CheckFailure[] }> {
    return { inputs: {}, failures: [{ property: '', reason: `${context.type} is a component` }] };
  }

  async diff(): Promise<DiffResult> {
    return { changes: [], deleteBeforeReplace: false };
  }

  async create(): Promise<ResourceState> {
    throw new Error('eks has components only');
  }

  async read(): Promise<ResourceState | null> {
    return null;
  }

  async update(): Promise<PropertyMap> {
    throw new Error('eks has components only');
  }

  async delete(): Promise<void> {}

  async close(): Promise<void> {}
}

async function withMonitor<T>(address: string, use: (monitor: Monitor) => Promise<T>): Promise<T> {
  const monitor = new Monitor(address);
  try {
    return await use(monitor);
  } finally {
    monitor.close();
  }
}
