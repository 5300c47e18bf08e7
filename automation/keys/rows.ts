import { apiKeyId } from '../../tenants/pod-contract.ts';
import { changeTenant, type Following } from '../followers.ts';
import { record } from '../store/audit.ts';
import { firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';
import { type Page, pageQuery, textKey, timeKey } from '../store/pages.ts';
import { changeDesired, findTenant, ringTenant, type Tenant } from '../store/tenants.ts';
import type { KeyScope } from './scopes.ts';
import { drawKey, isKeyId } from './secret.ts';

/** Who owns a key. The key reaches what its owner reaches, and no more. */
export type KeyOwner =
  /** Reaches what the person owns or is a member of at the time of the request. */
  | { readonly kind: 'person'; readonly subject: string }
  /** Reaches this tenant only. */
  | { readonly kind: 'tenant'; readonly tenantId: string }
  /** A product's own application: reaches every tenant of the product; null stands for all products. */
  | { readonly kind: 'service'; readonly product: string | null };

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly owner: KeyOwner;
  readonly scopes: readonly KeyScope[];
  readonly createdBy: string | null;
  readonly createdAt: Date;
  /** Null when the key does not expire. */
  readonly expiresAt: Date | null;
  /** Accurate to about a minute. */
  readonly lastUsedAt: Date | null;
}

export interface NewKey {
  readonly name: string;
  readonly owner: KeyOwner;
  readonly scopes: readonly KeyScope[];
  readonly expiresAt: Date | null;
  /** Null when the control plane itself made the key. */
  readonly createdBy: string | null;
}

/** Whose keys a caller may see; null for everybody's. */
export type KeyReach = null | { readonly subject: string; readonly customerIds: readonly string[] };

interface Row extends Omit<ApiKey, 'owner'> {
  readonly ownerKind: KeyOwner['kind'];
  readonly subject: string | null;
  readonly tenantId: string | null;
  readonly product: string | null;
}

const columns = `k.id, k.name, k.owner_kind as "ownerKind", k.subject, k.tenant_id as "tenantId", k.product, k.scopes,
  k.created_by as "createdBy", k.created_at as "createdAt", k.expires_at as "expiresAt",
  k.last_used_at as "lastUsedAt"`;

/** The person's own keys, and the keys of tenants that the person owns or one of their organizations pays for. */
const reached = `($1::text is null or k.subject = $1 or exists (select from tenantry.tenant t
    left join tenantry.subscription s on s.id = t.subscription_id
    where t.id = k.tenant_id and (t.owner = $1 or s.customer_id = any($2))))`;

/** How many live keys one owner can have: enough for all their programs, and a bound for one that makes keys in a loop. */
export const maxKeys = 100;

/** How long an expired key is still listed, so that its owner can see which one ended. */
const expiredKeptMs = 30 * 24 * 3_600_000;

/** The owner has as many live keys as there can be. */
export class TooManyKeys extends Error {
  override readonly name = 'TooManyKeys';
  constructor() {
    super(`There are ${maxKeys} live API keys of this owner already: revoke one first.`);
  }
}

/**
 * Makes a key and records it in the audit trail. Runs in a transaction.
 * @param audit who asked, for the audit entry
 * @returns the key and its text, which cannot be read again
 * @throws TooManyKeys
 */
export async function createKey(
  client: Queryable,
  made: NewKey,
  audit: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly key: ApiKey; readonly text: string }> {
  const { name, owner, scopes, expiresAt, createdBy } = made;
  const owned = ownerColumns(owner);
  await client.query(`select pg_advisory_xact_lock(hashtextextended('tenantry.api_key:' || $1, 0))`, [
    JSON.stringify(owned),
  ]);
  const { count } = onlyRow(
    await client.query<{ count: number }>(
      `select count(*) as count from tenantry.api_key
       where ${isOwned} and (expires_at is null or expires_at > now())`,
      owned,
    ),
  );
  if (count >= maxKeys) throw new TooManyKeys();
  // Keys of a second each are never many at once, but would pile up until the sweep forgets them.
  await client.query(
    `delete from tenantry.api_key where id = any(array(
       select id from tenantry.api_key where ${isOwned} and expires_at <= now()
       order by expires_at desc offset ${maxKeys}))`,
    owned,
  );
  const { id, text, sha256 } = drawKey();
  const row = onlyRow(
    await client.query<Row>(
      `insert into tenantry.api_key as k (id, secret_sha256, name, owner_kind, subject, tenant_id, product, scopes,
         created_by, expires_at)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) returning ${columns}`,
      [id, sha256, storable(name), ...owned, [...new Set(scopes)].sort(), createdBy, expiresAt],
    ),
  );
  const key = keyOf(row);
  await recordChange(client, key, 'created', { scopes: key.scopes, ...audit });
  return { key, text };
}

/** Whose key it is; the parameters are `ownerColumns`. */
const isOwned = `owner_kind = $1 and subject is not distinct from $2 and tenant_id is not distinct from $3
  and product is not distinct from $4`;

function ownerColumns(owner: KeyOwner): [kind: string, ...owner: (string | null)[]] {
  return [
    owner.kind,
    owner.kind === 'person' ? storable(owner.subject) : null,
    owner.kind === 'tenant' ? owner.tenantId : null,
    owner.kind === 'service' ? owner.product : null,
  ];
}

/** Lets a tenant's own container read the tenant's entitlements, reserve uses and report usage. */
const containerScopes: readonly KeyScope[] = ['checks:write', 'entitlements:read', 'usage:write'];

/**
 * Stores the key that a tenant's program drew for the tenant's container.
 * @param key.sha256 digest of the secret part, in hexadecimal
 */
export async function keepContainerKey(
  client: Queryable,
  tenantId: string,
  key: { readonly id: string; readonly sha256: string },
): Promise<void> {
  await client.query(
    `insert into tenantry.api_key (id, secret_sha256, name, owner_kind, tenant_id, scopes)
     values ($1, decode($2, 'hex'), 'The container''s own', 'tenant', $3, $4)
     on conflict (id) do update set secret_sha256 = excluded.secret_sha256, scopes = excluded.scopes
     where api_key.tenant_id = excluded.tenant_id`,
    [key.id, key.sha256, tenantId, containerScopes],
  );
}

/** Finds a key by id; null when there is none within reach. */
export async function findKey(db: Queryable, reach: KeyReach, id: string): Promise<ApiKey | null> {
  if (!isKeyId(id)) return null;
  const row = firstRow(
    await db.query<Row>(`select ${columns} from tenantry.api_key k where ${reached} and k.id = $3`, [
      reach?.subject ?? null,
      reach?.customerIds ?? [],
      id,
    ]),
  );
  return row && keyOf(row);
}

export interface KeyFilter {
  readonly kind?: KeyOwner['kind'] | undefined;
  readonly tenant?: string | undefined;
  readonly product?: string | undefined;
  readonly scope?: KeyScope | undefined;
  readonly state?: 'live' | 'expired' | undefined;
  /** A part of the name, or the beginning of the id, the subject or the tenant; in any case. */
  readonly q?: string | undefined;
}

const order = { id: textKey('k.id'), by: { createdAt: timeKey('k.created_at'), name: textKey('k.name') } };
export type KeyOrder = keyof typeof order.by;

/** Lists keys within reach. */
export async function listKeys(
  db: Queryable,
  reach: KeyReach,
  filter: KeyFilter,
  page: Page<KeyOrder>,
): Promise<ApiKey[]> {
  const { rows } = await db.query<Row>(
    ...pageQuery(
      `select ${columns} from tenantry.api_key k
       where ${reached} and ($3::text is null or k.tenant_id = $3) and ($4::text is null or k.owner_kind = $4)
         and ($5::text is null or k.product = $5) and ($6::text is null or $6 = any(k.scopes))
         and ($7::text is null or coalesce(k.expires_at <= now(), false) = ($7 = 'expired'))
         and ($8::text is null or strpos(lower(k.name), $8) > 0 or starts_with(k.id, $8)
           or starts_with(lower(k.subject), $8) or starts_with(k.tenant_id, $8))`,
      [
        reach?.subject ?? null,
        reach?.customerIds ?? [],
        filter.tenant ?? null,
        filter.kind ?? null,
        filter.product ?? null,
        filter.scope ?? null,
        filter.state ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows.map(keyOf);
}

/**
 * Revokes a key for good; false when there is none. When it is the key of a tenant's own container, the tenant's program
 * draws another one for it. Runs in a transaction.
 */
export async function revokeKey(
  client: Queryable,
  following: Following,
  { id, owner }: Pick<ApiKey, 'id' | 'owner'>,
  audit: Readonly<Record<string, unknown>>,
): Promise<boolean> {
  const ofContainer = owner.kind === 'tenant' && id === apiKeyId(owner.tenantId);
  const tenant = ofContainer ? await findTenant(client, owner.tenantId, { lock: true }) : null;
  const row = firstRow(
    await client.query<Row>(`delete from tenantry.api_key k where id = $1 returning ${columns}`, [id]),
  );
  if (!row) return false;
  if (tenant && tenant.desiredState !== 'deleted') await renewContainerKey(client, following, tenant);
  await recordChange(client, keyOf(row), 'revoked', audit);
  return true;
}

/** Wants the tenant with another key. A key that a running operation has drawn is not stored any more. */
async function renewContainerKey(client: Queryable, following: Following, tenant: Tenant): Promise<void> {
  const { desiredState: state, desiredSpec, suspendReason, deleteAfter } = tenant;
  const spec = { ...desiredSpec, apiKeyRenewals: (desiredSpec.apiKeyRenewals ?? 0) + 1 };
  await changeTenant(client, following, tenant, (db) =>
    changeDesired(db, tenant.id, { state, spec, suspendReason, deleteAfter }),
  );
  await ringTenant(client, tenant);
}

/** Forgets keys that expired more than 30 days ago, `limit` at most. */
export async function forgetExpiredKeys(db: Queryable, now: Date, limit: number): Promise<void> {
  await db.query(
    `delete from tenantry.api_key where id = any(array(
       select id from tenantry.api_key where expires_at < $1 order by expires_at limit $2))`,
    [new Date(now.getTime() - expiredKeptMs), limit],
  );
}

export async function removeTenantKeys(client: Queryable, tenantId: string): Promise<void> {
  await client.query('delete from tenantry.api_key where tenant_id = $1', [tenantId]);
}

/** Finds a key with the digest of its secret. Null when there is none, or when its tenant is being deleted. */
export async function findForVerification(
  db: Queryable,
  id: string,
): Promise<{ readonly key: ApiKey; readonly sha256: Buffer } | null> {
  const row = firstRow(
    await db.query<Row & { sha256: Buffer }>(
      `select ${columns}, k.secret_sha256 as sha256 from tenantry.api_key k
       left join tenantry.tenant t on t.id = k.tenant_id
       where k.id = $1 and t.desired_state is distinct from 'deleted'`,
      [id],
    ),
  );
  return row && { key: keyOf(row), sha256: row.sha256 };
}

export async function noteUse(db: Queryable, ids: readonly string[]): Promise<void> {
  await db.query('update tenantry.api_key set last_used_at = now() where id = any($1)', [ids]);
}

async function recordChange(
  client: Queryable,
  { id, name, owner }: ApiKey,
  change: 'created' | 'revoked',
  data: Readonly<Record<string, unknown>>,
): Promise<void> {
  await record(client, {
    tenantId: owner.kind === 'tenant' ? owner.tenantId : null,
    kind: `key.${change}`,
    message: `The API key ${name} (${id}) was ${change}`,
    data: { id, owner, ...data },
    audience: owner.kind === 'tenant' ? 'tenant' : 'operator',
  });
}

function keyOf({ ownerKind, subject, tenantId, product, ...row }: Row): ApiKey {
  const { id, name, scopes, createdBy, createdAt, expiresAt, lastUsedAt } = row;
  const key = { id, name, scopes, createdBy, createdAt, expiresAt, lastUsedAt };
  if (ownerKind === 'person' && subject !== null) return { ...key, owner: { kind: 'person', subject } };
  if (ownerKind === 'tenant' && tenantId !== null) return { ...key, owner: { kind: 'tenant', tenantId } };
  return { ...key, owner: { kind: 'service', product } };
}
