import type { z } from '@hono/zod-openapi';
import {
  type ApiKey,
  createKey,
  findKey,
  type KeyOrder,
  type KeyOwner,
  type KeyReach,
  type KeyScope,
  listKeys,
  maxKeys,
  operatorScopes,
  revokeKey,
} from '../../automation/keys/index.ts';
import { people } from '../access.ts';
import { type KeyView, key, keyList, keyParams, keyQuery, keyRequest, newKey } from '../contract/keys.ts';
import { textPosition, timePosition } from '../contract/page.ts';
import { askedTenant } from '../contract/tenant.ts';
import type { ApiDeps } from '../deps.ts';
import { Problem } from '../errors.ts';
import { type Order, readPage } from '../lists.ts';
import {
  askedBy,
  assertOperator,
  type OperatorPrincipal,
  type PersonPrincipal,
  signedIn,
} from '../principal.ts';
import { createRoute, createRouter, problemResponses } from '../router.ts';
import type { ScopedTenants } from '../scoped/tenants.ts';

const create = createRoute({
  method: 'post',
  path: '/v1/keys',
  operationId: 'createKey',
  tags: ['Keys'],
  summary: 'Make an API key',
  description: `Send it as a bearer token. It reaches what its owner reaches, and of that what its scopes name. Only operators give a key the scopes that say what was used. An owner has at most ${maxKeys} live keys.`,
  access: people,
  request: { body: { required: true, content: { 'application/json': { schema: keyRequest } } } },
  responses: {
    201: { description: 'The key, this one time', content: { 'application/json': { schema: newKey } } },
    ...problemResponses,
  },
});

const list = createRoute({
  method: 'get',
  path: '/v1/keys',
  operationId: 'listKeys',
  tags: ['Keys'],
  summary: 'Your API keys and those of your tenants; all of them for operators',
  access: people,
  request: { query: keyQuery },
  responses: {
    200: { description: 'One page', content: { 'application/json': { schema: keyList } } },
    ...problemResponses,
  },
});

const revoke = createRoute({
  method: 'delete',
  path: '/v1/keys/{id}',
  operationId: 'revokeKey',
  tags: ['Keys'],
  summary: 'End an API key',
  description:
    "No process takes it any more, and event streams that it opened end. When it is the key of a tenant's own container, the container gets another one.",
  access: people,
  request: { params: keyParams },
  responses: {
    200: { description: 'The key as it was', content: { 'application/json': { schema: key } } },
    ...problemResponses,
  },
});

const order: Order<KeyOrder> = { id: textPosition, by: { createdAt: timePosition, name: textPosition } };

export const keyRoutes = ({ database, followers, keys }: ApiDeps) =>
  createRouter()
    .openapi(create, async (c) => {
      const person = signedIn(c.get('principal'));
      const asked = c.req.valid('json');
      const owner = await ownerOf(person, c.get('tenants'), asked.owner);
      assertGrantable(person, asked.scopes);
      const expiresAt = expiryOf(asked.expiresAt);
      const answer = await database.transaction(async (client) => {
        const made = await createKey(
          client,
          { name: asked.name, owner, scopes: asked.scopes, expiresAt, createdBy: person.subject },
          askedBy(person),
        );
        const shown = { ...view(made.key, person), key: made.text };
        await c.get('idempotency').keep(client, 201, shown);
        return shown;
      });
      return c.json(answer, 201);
    })
    .openapi(list, async (c) => {
      const person = signedIn(c.get('principal'));
      const query = c.req.valid('query');
      const { shown, nextCursor } = await readPage(
        order,
        { path: c.req.path, query },
        (page) => listKeys(database, reachOf(person), query, page),
        (found, by) => [found[by], found.id],
      );
      return c.json({ keys: shown.map((found) => view(found, person)), nextCursor }, 200);
    })
    .openapi(revoke, async (c) => {
      const person = signedIn(c.get('principal'));
      const { id } = c.req.valid('param');
      const found = await findKey(database, reachOf(person), id);
      if (found?.owner.kind === 'tenant') await c.get('tenants').find(askedTenant(found.owner.tenantId));
      const revoked =
        found &&
        (await database.transaction((client) =>
          revokeKey(client, { followers, now: () => new Date() }, found, askedBy(person)),
        ));
      if (!found || !revoked)
        throw new Problem('not_found', `There is no API key ${JSON.stringify(id.slice(0, 64))}.`);
      keys.forget(found.id);
      return c.json(view(found, person), 200);
    });

type SignedIn = PersonPrincipal | OperatorPrincipal;

async function ownerOf(
  person: SignedIn,
  tenants: ScopedTenants,
  asked: z.infer<typeof keyRequest>['owner'],
): Promise<KeyOwner> {
  switch (asked.kind) {
    case 'person':
      return { kind: 'person', subject: person.subject };
    case 'tenant': {
      const tenant = await tenants.find(askedTenant(asked.tenant));
      if (tenant.desiredState === 'deleted')
        throw new Problem('not_ready', 'The tenant is being deleted, so it gets no more keys.');
      return { kind: 'tenant', tenantId: tenant.id };
    }
    case 'service':
      assertOperator(person);
      return { kind: 'service', product: asked.product ?? null };
  }
}

/** A tenant must not report its own use, because it could report too little. */
function assertGrantable(person: SignedIn, scopes: readonly KeyScope[]): void {
  const reserved = scopes.find((scope) => operatorScopes.has(scope));
  if (reserved !== undefined && person.kind !== 'operator')
    throw new Problem('forbidden', `scopes: only operators can give a key the scope "${reserved}".`, [
      { field: 'scopes', message: `"${reserved}" is for operators` },
    ]);
}

function expiryOf(asked: string | undefined): Date | null {
  const expiresAt = asked === undefined ? null : new Date(asked);
  if (expiresAt !== null && expiresAt.getTime() <= Date.now())
    throw new Problem('invalid_request', 'expiresAt: must lie in the future', [
      { field: 'expiresAt', message: 'must lie in the future' },
    ]);
  return expiresAt;
}

function reachOf(person: SignedIn): KeyReach {
  if (person.kind === 'operator') return null;
  return { subject: person.subject, customerIds: [...person.customers.keys()] };
}

/** Only operators and the maker of a key see who made it. */
function view({ owner, createdBy, ...found }: ApiKey, person: SignedIn): KeyView {
  const { id, name, scopes, createdAt, expiresAt, lastUsedAt } = found;
  return {
    id,
    name,
    owner: {
      kind: owner.kind,
      subject: owner.kind === 'person' ? owner.subject : null,
      tenant: owner.kind === 'tenant' ? owner.tenantId : null,
      product: owner.kind === 'service' ? owner.product : null,
    },
    scopes: [...scopes],
    createdBy: person.kind === 'operator' || createdBy === person.subject ? createdBy : null,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}
