import type { PropertyMap } from './properties.ts';

/**
 * One engine's connection to one provider. The engine opens a connection for each provider instance, and requests on
 * resources do not name their instance: the connection's peer address tells apart the configurations of two
 * instances, and of two engines that use one server.
 */
export interface Connection {
  config: PropertyMap;
  abort: AbortController;
  /** Address of the engine's own gRPC server, for its log. */
  engineAddress: string | null;
  operations: number;
}

const keptConnections = 64;

export class Connections {
  readonly #byPeer = new Map<string, Connection>();
  #latest: Connection | null = null;

  /** The connection of a request. A peer that never configured itself (the engine reconnected) uses the latest one. */
  of(peer: string): Connection {
    const known = this.#byPeer.get(peer);
    if (known) return known;
    const connection: Connection = {
      config: this.#latest?.config ?? {},
      abort: this.#latest && !this.#latest.abort.signal.aborted ? this.#latest.abort : new AbortController(),
      engineAddress: this.#latest?.engineAddress ?? null,
      operations: 0,
    };
    this.#byPeer.set(peer, connection);
    this.#forgetOldest();
    return connection;
  }

  /** An engine begins on this connection: an earlier cancellation no longer counts. */
  begin(peer: string, engineAddress: string | null): Connection {
    const connection = this.of(peer);
    connection.abort = new AbortController();
    connection.engineAddress = engineAddress ?? connection.engineAddress;
    this.#latest = connection;
    return connection;
  }

  configure(peer: string, config: PropertyMap): void {
    const connection = this.of(peer);
    if (connection.abort.signal.aborted) connection.abort = new AbortController();
    connection.config = config;
    this.#latest = connection;
  }

  cancel(peer: string, reason: string): void {
    this.of(peer).abort.abort(new Error(reason));
  }

  cancelAll(reason: string): void {
    for (const connection of this.#byPeer.values()) connection.abort.abort(new Error(reason));
  }

  #forgetOldest(): void {
    for (const [peer, connection] of this.#byPeer) {
      if (this.#byPeer.size <= keptConnections) return;
      if (connection.operations === 0 && connection !== this.#latest) this.#byPeer.delete(peer);
    }
  }
}
