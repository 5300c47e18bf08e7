/** `tenantry keys`: makes, lists and ends API keys. */
import * as api from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { table } from '../text/table.ts';

type Wish = api.KeyRequest;

export interface CreateKeyOptions extends Identity {
  scope: Wish['scopes'];
  tenant?: string;
  /** True for all products, else the one product. */
  service?: string | true;
  expires?: number;
}

export async function createKey(
  connection: Connection,
  output: Output,
  name: string,
  { scope, tenant, service, expires, ...identity }: CreateKeyOptions,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const expiresAt = expires && new Date(Date.now() + expires * 86_400_000).toISOString();
  const body = { name, owner: ownerOf({ tenant, service }), scopes: scope, ...(expiresAt && { expiresAt }) };
  const made = await api.createKey({ client, body });
  output.result(made, () => made.key);
  output.progress(`The key ${made.id} is shown only now: ${describe(made)}.`);
}

function ownerOf({
  tenant,
  service,
}: {
  tenant: string | undefined;
  service: string | true | undefined;
}): NonNullable<Wish['owner']> {
  if (tenant !== undefined && service !== undefined)
    throw new CliProblem(exitCodes.usage, 'usage', 'A key is for --tenant or --service, not for both.');
  if (tenant !== undefined) return { kind: 'tenant', tenant };
  if (service === undefined) return { kind: 'person' };
  return { kind: 'service', ...(service !== true && { product: service }) };
}

export async function listKeys(
  connection: Connection,
  output: Output,
  options: Identity & ListOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listKeys', usual: 'all', options },
    (query: QueryOf<api.ListKeysData>) => api.listKeys({ client, query }),
    (page) => page.keys,
  );
  output.result(found, () =>
    found.keys.length === 0
      ? 'There are no API keys: npm run -s tenantry -- keys create <name> --scope tenants:read'
      : table(
          ['id', 'name', 'reaches', 'scopes', 'expires', 'last used'],
          found.keys.map((key) => [
            key.id,
            key.name,
            reachOf(key),
            key.scopes.join(' '),
            key.expiresAt ?? 'never',
            key.lastUsedAt ?? 'never',
          ]),
        ),
  );
}

export async function revokeKey(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const ended = await api.revokeKey({ client, path: { id } });
  output.result(ended, () => `The key ${ended.id} (${ended.name}) is revoked.`);
}

function describe(made: api.Key): string {
  return `it reaches ${reachOf(made)} with ${made.scopes.join(', ')} and ${made.expiresAt === null ? 'does not expire' : `expires at ${made.expiresAt}`}`;
}

function reachOf({ owner }: api.Key): string {
  if (owner.kind === 'person') return `what ${owner.subject} reaches`;
  if (owner.kind === 'tenant') return `the tenant ${owner.tenant}`;
  return owner.product === null ? 'every tenant' : `every tenant of ${owner.product}`;
}
