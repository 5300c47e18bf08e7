import { z } from 'zod';
import { databaseServerPattern, slugPattern } from './catalog/names.ts';
import { dataIsolations } from './catalog/types.ts';
import { productId } from './product-id.ts';

export { slugPattern };

/** Eight characters, the first a letter: fits every product's naming rule, a DNS label and an SQL identifier. */
export const tenantIdPattern = /^[a-z][a-z0-9]{7}$/;

/** The one input of the tenant program: plain data, the same spec always builds the same tenant. */
export const tenantSpec = z.strictObject({
  tenantId: z.string().regex(tenantIdPattern),
  product: productId,
  plan: z.string().min(1),
  slug: z.string().regex(slugPattern),
  namespace: z.string().regex(/^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])$/),
  cell: z.string().min(1),
  region: z.string().min(1),
  /** Subject of the owner at the identity provider, or null while the tenant is an unclaimed slot. */
  owner: z.string().min(1).max(256).nullable(),
  /** Stripe customer that pays for it, or null while unclaimed. */
  billingAccount: z.string().min(1).max(256).nullable(),
  seats: z.int().positive(),
  /** `suspended` scales compute to zero and keeps the data. */
  state: z.enum(['active', 'suspended']),
  /** Set while the credit brake throttles it: the workload stays at its smallest size. */
  throttled: z.literal(true).optional(),
  /** Size of the volume: the largest any plan of this tenant ever asked for, as a volume never shrinks. */
  volumeBytes: z.int().positive().nullable(),
  /** Where the tenant's rows live already, which a change of plan must not change, as it would drop them. Absent
   *  while there are none, as in a slot: then the plan decides. */
  dataIsolation: z.enum(dataIsolations).optional(),
  /** Server of its own that its database is on, by its name in the cell; absent on the cell's shared one. Decided once,
   *  as moving rows is done by hand. */
  databaseServer: z.string().regex(databaseServerPattern).optional(),
  /** RFC 3339, UTC, whole seconds. */
  createdAt: z.iso.datetime(),
});
export type TenantSpec = z.infer<typeof tenantSpec>;

/** What the program returns; the tenant may see all of it. */
export interface TenantOutputs {
  readonly namespace: string;
  /** In-cluster address of the tenant's service, or null where the product has none. */
  readonly serviceUrl: string | null;
  readonly database: {
    /** Null is the shared database of the tenant's cell. */
    readonly name: string | null;
    readonly schema: string;
    readonly role: string;
    readonly secretName: string;
    /** The tenant's own server by its name in the cell; absent on the cell's shared one. */
    readonly server?: string;
  } | null;
  /** What the control plane keeps of the key that the tenant's container asks the API with; absent where it has none. */
  readonly apiKey?: { readonly id: string; readonly sha256: string } | undefined;
  /** Every Kubernetes object of the tenant, in order of creation. */
  readonly objects: readonly {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace: string | null;
  }[];
}
