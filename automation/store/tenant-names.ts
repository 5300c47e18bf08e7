import type { Queryable } from './database.ts';

/** Namespaces are unique within a cell. */
export interface TenantName {
  readonly cell: string;
  readonly namespace: string;
}

/** True while another tenant that is not deleted holds the namespace. */
export async function isNamespaceHeld(db: Queryable, name: TenantName, except: string): Promise<boolean> {
  const result = await db.query(
    `select 1 from tenantry.tenant where cell = $1 and namespace = $2 and phase <> 'deleted' and id <> $3 limit 1`,
    [name.cell, name.namespace, except],
  );
  return result.rowCount === 1;
}

/**
 * True while a customer cannot subscribe under the name: a tenant has it that is somebody else's or whose subscription
 * still lives.
 */
export async function isNameTaken(db: Queryable, name: TenantName, owner: string): Promise<boolean> {
  const result = await db.query(
    `select 1 from tenantry.tenant where cell = $1 and namespace = $2 and desired_state <> 'deleted'
       and not (owner = $3 and delete_after is not null) limit 1`,
    [name.cell, name.namespace, owner],
  );
  return result.rowCount === 1;
}
