import type { JsonObject, KubernetesClient } from './client.ts';
import { isStatus } from './errors.ts';

type Sender = Pick<KubernetesClient, 'send'>;

/** Reads an object or a list; null when the cluster has none at this path. */
export async function readIfThere(
  cluster: Sender,
  path: string,
  query: Readonly<Record<string, string>> = {},
): Promise<JsonObject | null> {
  try {
    return await cluster.send({ method: 'GET', path, query });
  } catch (error) {
    if (isStatus(error, 404)) return null;
    throw error;
  }
}

/** Applies an object on the server's side; takes over fields that other managers own. */
export function applyObject(
  cluster: Sender,
  path: string,
  object: object,
  fieldManager: string,
): Promise<JsonObject> {
  return cluster.send({
    method: 'PATCH',
    path,
    query: { fieldManager, force: 'true' },
    contentType: 'application/apply-patch+yaml',
    body: object as JsonObject,
  });
}
