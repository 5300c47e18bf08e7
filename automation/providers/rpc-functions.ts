import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import type * as pb from '@pulumi/pulumi/proto/provider_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import type { Connections } from './connections.ts';
import { decodeStruct, encodeStruct } from './properties.ts';
import type { ResourceProvider } from './provider.ts';
import { unary, unimplemented } from './rpc-unary.ts';

/** Functions, methods and components of a package, where it has any. */
export function functionService(
  provider: ResourceProvider,
  connections: Connections,
): UntypedServiceImplementation {
  const { invoke, construct, call } = provider;
  return {
    invoke: invoke
      ? unary<pb.InvokeRequest, pb.InvokeResponse>(async (request, peer) => {
          const answer = await invoke.call(provider, {
            token: request.getTok(),
            arguments: decodeStruct(request.getArgs()),
            config: connections.of(peer).config,
            preview: request.getPreview(),
          });
          const response = new providerPb.InvokeResponse();
          response.setReturn(encodeStruct(answer.result));
          response.setFailuresList(answer.failures.map(failureOf));
          return response;
        })
      : unimplemented('Invoke', provider.name),

    construct: construct
      ? unary<pb.ConstructRequest, pb.ConstructResponse>(async (request) => {
          const made = await construct.call(provider, {
            type: request.getType(),
            name: request.getName(),
            parent: request.getParent(),
            inputs: decodeStruct(request.getInputs()),
            inputDependencies: dependenciesOf(request),
            dependsOn: request.getDependenciesList(),
            providers: new Map(request.getProvidersMap().toArray() as [string, string][]),
            protect: request.getProtect(),
            preview: request.getDryrun(),
            monitor: request.getMonitorendpoint(),
          });
          const response = new providerPb.ConstructResponse();
          response.setUrn(made.urn);
          response.setState(encodeStruct(made.state));
          for (const property of Object.keys(made.state)) {
            const dependencies = new providerPb.ConstructResponse.PropertyDependencies();
            dependencies.setUrnsList([...made.dependencies]);
            response.getStatedependenciesMap().set(property, dependencies);
          }
          return response;
        })
      : unimplemented('Construct', provider.name),

    call: call
      ? unary<pb.CallRequest, pb.CallResponse>(async (request) => {
          const answer = await call.call(provider, {
            token: request.getTok(),
            arguments: decodeStruct(request.getArgs()),
            preview: request.getDryrun(),
            monitor: request.getMonitorendpoint(),
          });
          const response = new providerPb.CallResponse();
          response.setReturn(encodeStruct(answer.result));
          response.setFailuresList(answer.failures.map(failureOf));
          return response;
        })
      : unimplemented('Call', provider.name),
  };
}

function dependenciesOf(request: pb.ConstructRequest): Map<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  request.getInputdependenciesMap().forEach((dependencies, property) => {
    found.set(property, dependencies.getUrnsList());
  });
  return found;
}

function failureOf({ property, reason }: { property: string; reason: string }): pb.CheckFailure {
  const failure = new providerPb.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}
