import type { UntypedServiceImplementation } from '@grpc/grpc-js';
import pluginPb from '@pulumi/pulumi/proto/plugin_pb.js';
import type * as pb from '@pulumi/pulumi/proto/provider_pb.js';
import providerPb from '@pulumi/pulumi/proto/provider_pb.js';
import emptyPb from 'google-protobuf/google/protobuf/empty_pb.js';
import type { Connection, Connections } from './connections.ts';
import type { EngineLog } from './engine-log.ts';
import { decodeStruct, encodeStruct } from './properties.ts';
import type { DiffResult, OperationContext, ResourceProvider } from './provider.ts';
import { functionService } from './rpc-functions.ts';
import { unary, unimplemented } from './rpc-unary.ts';

/** The gRPC service `pulumirpc.ResourceProvider` for one provider: wire format in, plain values out, and back. */
export function resourceProviderService(
  provider: ResourceProvider,
  connections: Connections,
  log: EngineLog,
): UntypedServiceImplementation {
  const operation = <Request extends { getUrn(): string; getType(): string }, Response>(
    run: (context: OperationContext, request: Request) => Promise<Response>,
  ) =>
    unary<Request, Response>(async (request, peer, call) => {
      const connection = connections.of(peer);
      connection.operations++;
      // A dead engine closes its connection: its operations must not continue.
      const gone = new AbortController();
      call.on('cancelled', () => gone.abort(new Error('The engine closed the connection')));
      try {
        const signal = AbortSignal.any([connection.abort.signal, gone.signal]);
        return await run(contextOf(request, connection, signal, log), request);
      } finally {
        connection.operations--;
      }
    });

  return {
    handshake: unary<pb.ProviderHandshakeRequest, pb.ProviderHandshakeResponse>((request, peer) => {
      connections.begin(peer, request.getEngineAddress());
      const response = new providerPb.ProviderHandshakeResponse();
      response.setAcceptSecrets(true);
      return response;
    }),

    attach: unary<InstanceType<typeof pluginPb.PluginAttach>, InstanceType<typeof emptyPb.Empty>>(
      (request, peer) => {
        connections.begin(peer, request.getAddress());
        return new emptyPb.Empty();
      },
    ),

    cancel: unary<InstanceType<typeof emptyPb.Empty>, InstanceType<typeof emptyPb.Empty>>((_, peer) => {
      connections.cancel(peer, 'The engine cancelled the operation');
      return new emptyPb.Empty();
    }),

    getPluginInfo: unary(() => {
      const response = new pluginPb.PluginInfo();
      response.setVersion(provider.version);
      return response;
    }),

    getSchema: unary<pb.GetSchemaRequest, pb.GetSchemaResponse>(() => {
      const response = new providerPb.GetSchemaResponse();
      response.setSchema(JSON.stringify({ name: provider.name, version: provider.version }));
      return response;
    }),

    checkConfig: unary<pb.CheckRequest, pb.CheckResponse>((request) => {
      const response = new providerPb.CheckResponse();
      response.setInputs(request.getNews());
      for (const failure of provider.checkConfig?.(decodeStruct(request.getNews())) ?? []) {
        response.addFailures(checkFailure(failure.property, failure.reason));
      }
      return response;
    }),

    // A changed configuration says how to reach the same objects: it never replaces them.
    diffConfig: unary<pb.DiffRequest, pb.DiffResponse>((request) => {
      const response = new providerPb.DiffResponse();
      const old = JSON.stringify(
        sorted(request.getOldInputs()?.toJavaScript() ?? request.getOlds()?.toJavaScript()),
      );
      const changed = old !== JSON.stringify(sorted(request.getNews()?.toJavaScript()));
      const changes = providerPb.DiffResponse.DiffChanges;
      response.setChanges(changed ? changes.DIFF_SOME : changes.DIFF_NONE);
      return response;
    }),

    configure: unary<pb.ConfigureRequest, pb.ConfigureResponse>((request, peer) => {
      connections.configure(peer, decodeStruct(request.getArgs()));
      const response = new providerPb.ConfigureResponse();
      response.setAcceptsecrets(true);
      response.setSupportspreview(true);
      return response;
    }),

    check: operation<pb.CheckRequest, pb.CheckResponse>(async (context, request) => {
      const checked = await provider.check(context, {
        inputs: decodeStruct(request.getNews()),
        oldInputs: request.hasOlds() ? decodeStruct(request.getOlds()) : null,
      });
      const response = new providerPb.CheckResponse();
      response.setInputs(encodeStruct(checked.inputs));
      for (const failure of checked.failures) {
        response.addFailures(checkFailure(failure.property, failure.reason));
      }
      return response;
    }),

    diff: operation<pb.DiffRequest, pb.DiffResponse>(async (context, request) =>
      diffResponse(
        await provider.diff(context, {
          id: request.getId(),
          old: decodeStruct(request.getOlds()),
          oldInputs: decodeStruct(request.getOldInputs()),
          inputs: decodeStruct(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        }),
      ),
    ),

    create: operation<pb.CreateRequest, pb.CreateResponse>(async (context, request) => {
      const state = await provider.create(context, decodeStruct(request.getProperties()), {
        preview: request.getPreview(),
        timeoutMs: timeoutMs(request.getTimeout()),
      });
      const response = new providerPb.CreateResponse();
      response.setId(request.getPreview() ? '' : state.id);
      response.setProperties(encodeStruct(state.properties));
      return response;
    }),

    read: operation<pb.ReadRequest, pb.ReadResponse>(async (context, request) => {
      const inputs = decodeStruct(request.getInputs());
      const state = await provider.read(context, {
        id: request.getId(),
        properties: decodeStruct(request.getProperties()),
        inputs,
      });
      const response = new providerPb.ReadResponse();
      if (!state) return response;
      response.setId(state.id);
      response.setProperties(encodeStruct(state.properties));
      response.setInputs(encodeStruct(state.inputs ?? inputs));
      return response;
    }),

    update: operation<pb.UpdateRequest, pb.UpdateResponse>(async (context, request) => {
      const properties = await provider.update(
        context,
        {
          id: request.getId(),
          old: decodeStruct(request.getOlds()),
          inputs: decodeStruct(request.getNews()),
          ignoreChanges: request.getIgnorechangesList(),
        },
        { preview: request.getPreview(), timeoutMs: timeoutMs(request.getTimeout()) },
      );
      const response = new providerPb.UpdateResponse();
      response.setProperties(encodeStruct(properties));
      return response;
    }),

    delete: operation<pb.DeleteRequest, InstanceType<typeof emptyPb.Empty>>(async (context, request) => {
      await provider.delete(
        context,
        { id: request.getId(), properties: decodeStruct(request.getProperties()) },
        { preview: false, timeoutMs: timeoutMs(request.getTimeout()) },
      );
      return new emptyPb.Empty();
    }),

    parameterize: unimplemented('Parameterize', provider.name),
    ...functionService(provider, connections),
    getMapping: unimplemented('GetMapping', provider.name),
    getMappings: unimplemented('GetMappings', provider.name),
  };
}

function contextOf(
  request: { getUrn(): string; getType(): string },
  connection: Connection,
  signal: AbortSignal,
  log: EngineLog,
): OperationContext {
  const urn = request.getUrn();
  const write = (message: string, passing: boolean): void => {
    if (connection.engineAddress) log.write(connection.engineAddress, urn, message, passing);
  };
  return {
    urn,
    type: request.getType() || typeOfUrn(urn),
    config: connection.config,
    signal,
    status: (message) => write(message, true),
    warn: (message) => write(message, false),
  };
}

/** `urn:pulumi:stack::project::parentType$type::name`. */
function typeOfUrn(urn: string): string {
  return urn.split('::')[2]?.split('$').at(-1) ?? '';
}

/** The engine sends seconds, zero for none. */
function timeoutMs(seconds: number): number | null {
  return seconds > 0 ? seconds * 1000 : null;
}

function checkFailure(property: string, reason: string): pb.CheckFailure {
  const failure = new providerPb.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

function diffResponse(result: DiffResult): pb.DiffResponse {
  const response = new providerPb.DiffResponse();
  const { DiffChanges } = providerPb.DiffResponse;
  const { Kind } = providerPb.PropertyDiff;
  const kinds = {
    add: [Kind.ADD, Kind.ADD_REPLACE],
    update: [Kind.UPDATE, Kind.UPDATE_REPLACE],
    delete: [Kind.DELETE, Kind.DELETE_REPLACE],
  } as const;
  response.setChanges(result.changes.length > 0 ? DiffChanges.DIFF_SOME : DiffChanges.DIFF_NONE);
  response.setHasdetaileddiff(true);
  response.setDeletebeforereplace(result.deleteBeforeReplace);
  for (const change of result.changes) {
    const diff = new providerPb.PropertyDiff();
    diff.setKind(kinds[change.kind][change.replace ? 1 : 0]);
    diff.setInputdiff(true);
    response.getDetaileddiffMap().set(change.path, diff);
    response.addDiffs(change.path);
    if (change.replace) response.addReplaces(change.path);
  }
  return response;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
