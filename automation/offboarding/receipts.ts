import { firstRow, type Queryable } from '../store/database.ts';

/** A stored signed receipt; `document` is what `receipt.ts` signs. */
export interface KeptReceipt {
  readonly tenantId: string;
  readonly keyId: string;
  readonly issuedAt: Date;
  readonly document: unknown;
}

/** Publishes the public half of a signing key. */
export async function publishReceiptKey(
  db: Queryable,
  key: { readonly id: string; readonly publicKey: object },
): Promise<void> {
  await db.query(
    'insert into tenantry.receipt_key (id, public_key) values ($1, $2) on conflict (id) do nothing',
    [key.id, JSON.stringify(key.publicKey)],
  );
}

/** Lists the public halves of all keys that ever signed receipts, as JSON Web Keys, newest first. */
export async function listReceiptKeys(db: Queryable): Promise<Record<string, unknown>[]> {
  const { rows } = await db.query<{ key: Record<string, unknown> }>(
    'select public_key as key from tenantry.receipt_key order by first_used_at desc',
  );
  return rows.map(({ key }) => key);
}

/** Stores a receipt; a tenant's first one is final. */
export async function insertReceipt(db: Queryable, receipt: KeptReceipt): Promise<void> {
  await db.query(
    `insert into tenantry.receipt (tenant_id, key_id, issued_at, document) values ($1, $2, $3, $4)
     on conflict (tenant_id) do nothing`,
    [receipt.tenantId, receipt.keyId, receipt.issuedAt, JSON.stringify(receipt.document)],
  );
}

export async function findReceipt(db: Queryable, tenantId: string): Promise<KeptReceipt | null> {
  return firstRow(
    await db.query<KeptReceipt>(
      `select tenant_id as "tenantId", key_id as "keyId", issued_at as "issuedAt", document
       from tenantry.receipt where tenant_id = $1`,
      [tenantId],
    ),
  );
}
