import { credentials } from '@grpc/grpc-js';
import resourceRpc from '@pulumi/pulumi/proto/resource_grpc_pb.js';
import resourcePb from '@pulumi/pulumi/proto/resource_pb.js';
import {
  decodeStruct,
  encodeStruct,
  type PropertyMap,
  type PropertyValue,
  resourceReference,
  unknown,
} from '../../properties.ts';

export interface Registration {
  readonly type: string;
  readonly name: string;
  readonly parent: string;
  readonly inputs: PropertyMap;
  /** false for a component. Default true. */
  readonly custom?: boolean;
  /** Version of the package's SDK, which chooses the default provider. */
  readonly version?: string;
  /** Reference to a provider; default: the package's default one. */
  readonly provider?: string | undefined;
  readonly providers?: ReadonlyMap<string, string>;
  readonly dependsOn?: readonly string[];
  readonly ignoreChanges?: readonly string[];
  readonly protect?: boolean | undefined;
}

export interface Registered {
  readonly urn: string;
  /** Unknown in a preview of something that does not exist yet. */
  readonly id: PropertyValue;
  readonly outputs: PropertyMap;
  /** Stands for the resource in a component's outputs. */
  readonly reference: PropertyMap;
}

const unlimited = { 'grpc.max_receive_message_length': -1, 'grpc.max_send_message_length': -1 };

/** The engine's resource monitor, as a component that registers its parts sees it. */
export class Monitor {
  readonly #client: InstanceType<typeof resourceRpc.ResourceMonitorClient>;

  constructor(address: string) {
    this.#client = new resourceRpc.ResourceMonitorClient(address, credentials.createInsecure(), unlimited);
  }

  async register(registration: Registration): Promise<Registered> {
    const { type, name, parent, inputs, custom = true, version = '' } = registration;
    const request = new resourcePb.RegisterResourceRequest();
    request.setType(type);
    request.setName(name);
    request.setParent(parent);
    request.setCustom(custom);
    request.setObject(encodeStruct(inputs));
    request.setVersion(version);
    request.setProvider(registration.provider ?? '');
    request.setDependenciesList([...(registration.dependsOn ?? [])]);
    request.setIgnorechangesList([...(registration.ignoreChanges ?? [])]);
    if (registration.protect !== undefined) request.setProtect(registration.protect);
    for (const [name, reference] of registration.providers ?? []) {
      request.getProvidersMap().set(name, reference);
    }
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSupportspartialvalues(true);
    const response = await new Promise<InstanceType<typeof resourcePb.RegisterResourceResponse>>(
      (resolve, reject) => {
        this.#client.registerResource(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      },
    );
    const urn = response.getUrn();
    const id = custom ? response.getId() || unknown : '';
    return {
      urn,
      id,
      outputs: decodeStruct(response.getObject()),
      reference: resourceReference({ urn, ...(custom && { id }), version }),
    };
  }

  /** Marks a component as complete. */
  async registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
    const request = new resourcePb.RegisterResourceOutputsRequest();
    request.setUrn(urn);
    request.setOutputs(encodeStruct(outputs));
    await new Promise<void>((resolve, reject) => {
      this.#client.registerResourceOutputs(request, (error) => (error ? reject(error) : resolve()));
    });
  }

  async invoke(token: string, asked: PropertyMap, version: string, provider = ''): Promise<PropertyMap> {
    const request = new resourcePb.ResourceInvokeRequest();
    request.setTok(token);
    request.setArgs(encodeStruct(asked));
    request.setVersion(version);
    request.setProvider(provider);
    return new Promise((resolve, reject) => {
      this.#client.invoke(request, (error, answer) => {
        if (error) return reject(error);
        const [failure] = answer.getFailuresList();
        if (failure) return reject(new Error(`${token}: ${failure.getProperty()} ${failure.getReason()}`));
        resolve(decodeStruct(answer.getReturn()));
      });
    });
  }

  close(): void {
    this.#client.close();
  }
}
