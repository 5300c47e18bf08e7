import { credentials } from '@grpc/grpc-js';
import engineRpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import enginePb from '@pulumi/pulumi/proto/engine_pb.js';

/** Writes to the engine's log and status lines. Drops log lines that it cannot deliver. */
export class EngineLog {
  readonly #clients = new Map<string, InstanceType<typeof engineRpc.EngineClient>>();

  /** A status appears beside the resource and vanishes; otherwise the line is a lasting warning. */
  write(address: string, urn: string, message: string, status: boolean): void {
    const request = new enginePb.LogRequest();
    request.setSeverity(status ? enginePb.LogSeverity.INFO : enginePb.LogSeverity.WARNING);
    request.setUrn(urn);
    request.setMessage(message);
    request.setEphemeral(status);
    this.#client(address).log(request, () => {});
  }

  #client(address: string): InstanceType<typeof engineRpc.EngineClient> {
    const known = this.#clients.get(address);
    if (known) return known;
    // Engines come and go, one address each: an earlier engine's client is useless.
    this.close();
    const client = new engineRpc.EngineClient(address, credentials.createInsecure());
    this.#clients.set(address, client);
    return client;
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
