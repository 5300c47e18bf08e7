import type { KubernetesClient } from './client.ts';
import { isStatus } from './errors.ts';
import { isList, isObject, type ObjectKind, textAt } from './objects.ts';

export interface ApiResource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The API server does not serve this kind: its CRD is missing, or not established yet. */
export class UnknownKindError extends Error {
  override readonly name = 'UnknownKindError';
  constructor({ apiVersion, kind }: ObjectKind) {
    super(`The cluster does not serve ${apiVersion} ${kind}; is its CustomResourceDefinition installed?`);
  }
}

/** Plural and scope of kinds, requested once per group and version, and again for an unknown kind. */
export class Discovery {
  readonly #client: KubernetesClient;
  readonly #groups = new Map<string, Promise<ReadonlyMap<string, ApiResource>>>();

  constructor(client: KubernetesClient) {
    this.#client = client;
  }

  /** @throws UnknownKindError */
  async resource(kind: ObjectKind): Promise<ApiResource> {
    const cached = this.#groups.get(kind.apiVersion);
    const known = (await cached)?.get(kind.kind);
    if (known) return known;
    // Another operation may have asked again meanwhile: one request for all that wait.
    if (this.#groups.get(kind.apiVersion) === cached) this.#ask(kind.apiVersion);
    const found = (await this.#groups.get(kind.apiVersion))?.get(kind.kind);
    if (!found) throw new UnknownKindError(kind);
    return found;
  }

  async find(kind: ObjectKind): Promise<ApiResource | null> {
    try {
      return await this.resource(kind);
    } catch (error) {
      if (error instanceof UnknownKindError) return null;
      throw error;
    }
  }

  #ask(apiVersion: string): void {
    const answer = this.#load(apiVersion);
    this.#groups.set(apiVersion, answer);
    answer.catch(() => {
      if (this.#groups.get(apiVersion) === answer) this.#groups.delete(apiVersion);
    });
  }

  async #load(apiVersion: string): Promise<ReadonlyMap<string, ApiResource>> {
    const path = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    const kinds = new Map<string, ApiResource>();
    try {
      const list = await this.#client.send({ method: 'GET', path });
      for (const item of isList(list.resources) ? list.resources : []) {
        const plural = textAt(item, 'name');
        const kind = textAt(item, 'kind');
        // The API lists subresources as `plural/subresource`, some with the kind of another group.
        if (!isObject(item) || !plural || !kind || plural.includes('/')) continue;
        kinds.set(kind, { plural, namespaced: item.namespaced === true });
      }
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
    }
    return kinds;
  }
}

/** Path of an object in the API. */
export function objectPath(
  kind: ObjectKind,
  resource: ApiResource,
  namespace: string | undefined,
  name: string,
) {
  const root = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace ?? 'default')}` : '';
  return `${root}${scope}/${resource.plural}/${encodeURIComponent(name)}`;
}
