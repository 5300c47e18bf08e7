import { randomBytes, randomInt } from 'node:crypto';
import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';
import { type Page, pageQuery, textKey, timeKey } from '../store/pages.ts';
import type { EventType } from './events.ts';

/** Where events are sent. Its secret is not among its columns: only signing reads it. */
export interface Endpoint {
  readonly id: string;
  readonly url: string;
  readonly description: string | null;
  /** With both null the endpoint hears of every tenant. */
  readonly product: string | null;
  readonly tenantId: string | null;
  /** Null for all of them. */
  readonly events: readonly EventType[] | null;
  readonly email: string | null;
  readonly state: 'enabled' | 'disabled';
  readonly disabledAt: Date | null;
  readonly disabledReason: string | null;
  readonly failingSince: Date | null;
  /** Until when the secret before the last rotation signs too; null outside of a rotation. */
  readonly previousSecretUntil: Date | null;
  readonly createdAt: Date;
}

/** All endpoints, those of a product and its tenants, or those of one tenant. */
export type EndpointScope =
  | { readonly kind: 'all' }
  | { readonly kind: 'product'; readonly product: string }
  | { readonly kind: 'tenant'; readonly tenantId: string };

export interface NewEndpoint {
  readonly url: string;
  readonly description: string | null;
  readonly scope: EndpointScope;
  readonly events: readonly EventType[] | null;
  readonly email: string | null;
}

/** How long the old secret still signs beside the new one. */
export const rotationMs = 24 * 3_600_000;

/** Most endpoints of one scope. */
export const maxEndpoints = 10;

const columns = `id, url, description, product, tenant_id as "tenantId", events, email, state,
  disabled_at as "disabledAt", disabled_reason as "disabledReason", failing_since as "failingSince",
  previous_secret_until as "previousSecretUntil", created_at as "createdAt"`;

/** Takes the scope's columns as $1 and $2. */
const inScope = '($1::text is null or product = $1) and ($2::text is null or tenant_id = $2)';

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** In the form of Standard Webhooks: `whsec_` and 32 random bytes in base64. */
export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Makes an endpoint; null when its scope has `maxEndpoints`. Call it in a transaction. */
export async function insertEndpoint(
  client: Queryable,
  endpoint: NewEndpoint,
): Promise<{ readonly endpoint: Endpoint; readonly secret: string } | null> {
  const [product, tenantId] = columnsOf(endpoint.scope);
  await client.query(`select pg_advisory_xact_lock(hashtextextended('tenantry.notify_endpoint:' || $1, 0))`, [
    `${product}:${tenantId}`,
  ]);
  const { count } = onlyRow(
    await client.query<{ count: number }>(
      `select count(*) as count from tenantry.notify_endpoint
       where product is not distinct from $1 and tenant_id is not distinct from $2`,
      [product, tenantId],
    ),
  );
  if (count >= maxEndpoints) return null;
  const id = `ep_${Array.from({ length: 16 }, () => letters[randomInt(letters.length)]).join('')}`;
  const secret = newSecret();
  const made = await client.query<Endpoint>(
    `insert into tenantry.notify_endpoint (id, url, description, product, tenant_id, events, email, secret)
     values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${columns}`,
    [
      id,
      endpoint.url,
      endpoint.description === null ? null : storable(endpoint.description),
      product,
      tenantId,
      endpoint.events,
      endpoint.email,
      secret,
    ],
  );
  return { endpoint: onlyRow(made), secret };
}

const order = { id: textKey('id'), by: { createdAt: timeKey('created_at') } };

export async function listEndpoints(
  db: Queryable,
  scope: EndpointScope,
  filter: {
    readonly state?: Endpoint['state'] | undefined;
    /** A part of the URL or of the description, or the beginning of the id; in any case. */
    readonly q?: string | undefined;
  },
  page: Page<'createdAt'>,
): Promise<Endpoint[]> {
  const { rows } = await db.query<Endpoint>(
    ...pageQuery(
      `select ${columns} from tenantry.notify_endpoint
       where ${inScope} and ($3::text is null or state = $3)
         and ($4::text is null or strpos(lower(url), $4) > 0 or strpos(lower(description), $4) > 0
           or starts_with(id, $4))`,
      [...columnsOf(scope), filter.state ?? null, filter.q?.toLowerCase() ?? null],
      order,
      page,
    ),
  );
  return rows;
}

export async function findEndpoint(db: Queryable, id: string): Promise<Endpoint | null> {
  return firstRow(
    await db.query<Endpoint>(`select ${columns} from tenantry.notify_endpoint where id = $1`, [storable(id)]),
  );
}

/** Removes an endpoint and its log; false when there is none. */
export async function removeEndpoint(db: Queryable, id: string): Promise<boolean> {
  const { rowCount } = await db.query('delete from tenantry.notify_endpoint where id = $1', [id]);
  return rowCount === 1;
}

/** Gives an endpoint a new secret. The last one still signs for a day, an older one no more. */
export async function rotateSecret(
  db: Queryable,
  id: string,
  now: Date,
): Promise<{ readonly endpoint: Endpoint; readonly secret: string } | null> {
  const secret = newSecret();
  const endpoint = firstRow(
    await db.query<Endpoint>(
      `update tenantry.notify_endpoint set previous_secret = secret, previous_secret_until = $3, secret = $2
       where id = $1 returning ${columns}`,
      [id, secret, new Date(now.getTime() + rotationMs)],
    ),
  );
  return endpoint && { endpoint, secret };
}

/** Enables a disabled endpoint; null when it is enabled already. */
export async function enableEndpoint(db: Queryable, id: string): Promise<Endpoint | null> {
  return firstRow(
    await db.query<Endpoint>(
      `update tenantry.notify_endpoint set state = 'enabled', disabled_at = null, disabled_reason = null,
         failing_since = null
       where id = $1 and state = 'disabled' returning ${columns}`,
      [id],
    ),
  );
}

/** Disables an endpoint and ends its pending deliveries; null when it is disabled already. Call it in a transaction. */
export async function disableEndpoint(
  client: Queryable,
  id: string,
  reason: string,
  now: Date,
): Promise<Endpoint | null> {
  const endpoint = firstRow(
    await client.query<Endpoint>(
      `update tenantry.notify_endpoint set state = 'disabled', disabled_at = $3, disabled_reason = $2
       where id = $1 and state = 'enabled' returning ${columns}`,
      [id, reason, now],
    ),
  );
  if (!endpoint) return null;
  await client.query(
    `update tenantry.notify_delivery set state = 'failed', next_attempt_at = null, ended_at = $2
     where endpoint_id = $1 and state = 'pending'`,
    [id, now],
  );
  return endpoint;
}

/** Removes old secrets once they no longer sign. */
export async function forgetSecrets(db: Queryable, now: Date): Promise<void> {
  await db.query(
    `update tenantry.notify_endpoint set previous_secret = null, previous_secret_until = null
     where previous_secret_until <= $1`,
    [now],
  );
}

/** Removes the endpoints of deleted tenants, once all their deliveries have been forgotten. */
export async function removeEndpointsOfDeleted(db: Queryable): Promise<void> {
  await db.query(
    `delete from tenantry.notify_endpoint e using tenantry.tenant t
     where t.id = e.tenant_id and t.phase = 'deleted'
       and not exists (select from tenantry.notify_delivery d where d.endpoint_id = e.id)`,
  );
}

function columnsOf(scope: EndpointScope): [product: string | null, tenantId: string | null] {
  return [scope.kind === 'product' ? scope.product : null, scope.kind === 'tenant' ? scope.tenantId : null];
}
