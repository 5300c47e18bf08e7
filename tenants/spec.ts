import { z } from 'zod';
import { databaseServerPattern, slugPattern } from './catalog/names.ts';
import { dataIsolations } from './catalog/types.ts';
import { productId } from './product-id.ts';

export { slugPattern };

/** Eight characters, the first one a letter: fits every product's naming rule, a DNS label and an SQL identifier. */
export const tenantIdPattern = /^[a-z][a-z0-9]{7}$/;

/** The tenant program's only input, as plain data: the same spec always builds the same tenant. */
export const tenantSpec = z.strictObject({
  tenantId: z.string().regex(tenantIdPattern),
  product: productId,
  plan: z.string().min(1),
  slug: z.string().regex(slugPattern),
  namespace: z.string().regex(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/),
  cell: z.string().min(1),
  region: z.string().min(1),
  /** The owner's subject at the identity provider; null for a slot. */
  owner: z.string().min(1).max(256).nullable(),
  /** The Stripe customer that pays; null for a slot. */
  billingAccount: z.string().min(1).max(256).nullable(),
  seats: z.int().positive(),
  /** `suspended` scales compute to zero and keeps the data. */
  state: z.enum(['active', 'suspended']),
  /** Set while the credit brake keeps the workload at its smallest size. */
  throttled: z.literal(true).optional(),
  /** The largest size that any plan of this tenant has had, because a volume never shrinks. */
  volumeBytes: z.int().positive().nullable(),
  /** Where the tenant's rows already live; a change of plan must not move them, because it would drop them. Absent while
   *  there are none, as in a slot: then the plan decides. */
  dataIsolation: z.enum(dataIsolations).optional(),
  /** The server of its own that holds its database, by its name in the cell; absent on the shared one. Decided once,
   *  because moving rows is done by hand. */
  databaseServer: z.string().regex(databaseServerPattern).optional(),
  /** How often its container got another API key because the one before was revoked; absent for never. */
  apiKeyRenewals: z.int().positive().optional(),
  /** RFC 3339, UTC, whole seconds. */
  createdAt: z.iso.datetime(),
});
export type TenantSpec = z.infer<typeof tenantSpec>;

/** What the program returns. The tenant may see all of it. */
export interface TenantOutputs {
  readonly namespace: string;
  /** In-cluster address of the tenant's service, or null where the product has none. */
  readonly serviceUrl: string | null;
  readonly database: {
    /** Null for the cell's shared database. */
    readonly name: string | null;
    readonly schema: string;
    readonly role: string;
    readonly secretName: string;
    /** The tenant's own server, by its name in the cell; absent on the shared one. */
    readonly server?: string;
  } | null;
  /** What the control plane keeps of the API key of the tenant's container; absent where the container has none. */
  readonly apiKey?: { readonly id: string; readonly sha256: string } | undefined;
  /** Every Kubernetes object of the tenant, in order of creation. */
  readonly objects: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace: string | null;
  }[];
}
