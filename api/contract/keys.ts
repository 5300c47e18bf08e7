import { z } from '@hono/zod-openapi';
import { keyScopes } from '../../automation/keys/index.ts';
import { productId } from '../../tenants/product-id.ts';
import { listQuery, nextCursor, search } from './page.ts';
import { tenantId } from './tenant.ts';

/** Requests and answers about API keys. */

const time = z.iso.datetime().openapi({ example: '2026-11-21T09:30:00.000Z' });
const scopes = z.array(z.enum(keyScopes));

export const keyOwnerKinds = ['person', 'tenant', 'service'] as const;

const owner = z.discriminatedUnion('kind', [
  z
    .strictObject({ kind: z.literal('person') })
    .openapi({ description: 'You: reaches what you own or are a member of' }),
  z.strictObject({ kind: z.literal('tenant'), tenant: tenantId }).openapi({ description: 'One tenant' }),
  z.strictObject({ kind: z.literal('service'), product: productId.optional() }).openapi({
    description:
      "A product's own application: reaches every tenant of the product, or of all products when it is left out. For operators",
  }),
]);

export const keyRequest = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(100, 'must be at most 100 characters')
      .openapi({ description: 'What it is for', example: 'nightly report' }),
    owner: owner.default({ kind: 'person' }),
    scopes: scopes.min(1, 'name at least one scope'),
    expiresAt: time.optional().openapi({ description: 'Never when left out' }),
  })
  .openapi('KeyRequest');

export const key = z
  .object({
    id: z.string().openapi({ description: 'The public part: `tk_<id>_…`' }),
    name: z.string(),
    owner: z.object({
      kind: z.enum(keyOwnerKinds),
      subject: z.string().nullable(),
      tenant: z.string().nullable(),
      product: z.string().nullable(),
    }),
    scopes,
    createdBy: z.string().nullable(),
    createdAt: time,
    expiresAt: time.nullable(),
    lastUsedAt: time.nullable().openapi({ description: 'Accurate to about a minute' }),
  })
  .openapi('Key');
export type KeyView = z.infer<typeof key>;

export const newKey = key
  .extend({
    key: z.string().openapi({ description: 'The key itself. It is shown only now, so keep it safe' }),
  })
  .openapi('NewKey');

export const keyList = z.object({ keys: z.array(key), nextCursor }).openapi('KeyList');

export const keyQuery = listQuery(['-createdAt', 'createdAt', 'name', '-name'], {
  q: search('A part of the name, or the beginning of an id, a subject or a tenant'),
  product: productId.optional().openapi({ description: "Only keys of the product's own application" }),
  tenant: tenantId.optional(),
  kind: z.enum(keyOwnerKinds).optional().openapi({ description: 'Only keys of this kind of owner' }),
  scope: z.enum(keyScopes).optional(),
  state: z.enum(['live', 'expired']).optional(),
});

export const keyParams = z.object({ id: z.string().openapi({ param: { name: 'id', in: 'path' } }) });
