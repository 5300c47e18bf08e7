/**
 * The contract of a service: everything that a product does, as one value.
 *
 * What a product is (plans, limits, prices, meters, the shape of its namespace) stands in its catalog file. What it does
 * stands behind this contract. The control plane calls each part and knows nothing else about any product. Only entry
 * points know the list of services, from this tree (`services/index.ts`) and from packages (`TENANTRY_SERVICES`), and
 * hand it in.
 */
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import type { Plan, Product } from '../tenants/catalog/types.ts';
import type { Follower } from './followers.ts';
import type { KubernetesClient } from './providers/kubernetes/index.ts';
import type { Database, Queryable } from './store/database.ts';
import type { Tenant } from './store/tenants.ts';

export type { Database, Queryable, Tenant };

/**
 * A product's service. Only the product is required: a product may consist of its catalog file alone. `Router` is the
 * API's router; code that does not serve HTTP takes any service as a `Service`.
 */
export interface Service<Router = never> {
  /** The catalog's own value; a package's product is added to the catalog. */
  readonly product: Product;
  readonly routes?: ServiceRoutes<Router>;
  /** Jobs by name. `ringServiceTask` rings one. */
  readonly tasks?: Readonly<Record<string, ServiceTask>>;
  /** Steps of every cell's sweep, by name. Each finishes what a crash or a lost doorbell left undone. */
  readonly sweep?: Readonly<Record<string, (context: WorkerServiceContext) => Promise<void>>>;
  /** Follows the product's tenants, in the transaction of each change. */
  readonly tenantChanged?: NonNullable<Follower['tenantChanged']>;
  /** Follows the subscriptions of the product's tenants. Called in the transaction of each change, renewals included. */
  readonly subscriptionChanged?: NonNullable<Follower['subscriptionChanged']>;
  /**
   * Reports use that the cluster does not show and nobody sends. Each sweep of a cell reads it. A use that cannot count
   * fails the step with its name, but does not stop the others from counting.
   */
  readonly usage?: (context: WorkerServiceContext) => AsyncIterable<ServiceUse> | Iterable<ServiceUse>;
  /** The checks that a use of the product must pass before it begins, by name. */
  readonly checks?: Readonly<Record<string, ServiceCheck>>;
  readonly personalData?: PersonalData;
  /** Objects in tenants' namespaces that come and go, such as pods of sessions and sandboxes. */
  readonly objects?: readonly NamespaceObjects[];
  /** Registers the product's metrics, once in every API and worker process. */
  readonly metrics?: (
    registry: Registry,
    context: ServiceContext & { readonly process: 'api' | 'worker' },
  ) => void;
  /** Absolute path of a folder of `NNNN_name.sql` files. They run after the core's, in their own order. */
  readonly migrations?: string;
  /**
   * Absolute path of a package's page part: a JavaScript module for browsers that exports `mount` (`PagePart` in
   * `api/dashboard/src/page-part.ts`). This tree's parts stand in `services/pages.ts`.
   */
  readonly page?: string;
}

/** What every part of a service works with. */
export interface ServiceContext {
  readonly database: Database;
  readonly log: Logger;
  readonly now: () => Date;
}

/** What tasks and steps of the sweep work with. */
export interface WorkerServiceContext extends ServiceContext {
  readonly cell: { readonly id: string; readonly region: string };
  /** The cell's Kubernetes API. */
  readonly cluster: KubernetesClient;
  /** Unique over all worker processes. */
  readonly workerId: string;
}

export interface ServiceRoutes<Router> {
  /**
   * The product's own path prefixes; `/v1/<product id>` when left out. The API refuses to start when a route lies outside
   * of them or when they overlap with another's; its error names the path.
   */
  readonly paths?: readonly string[];
  /**
   * Adds the routes. Each is made by `createRoute` of `api/router.ts` and declares its access; the API refuses to start
   * with a route that does not. A handler gets the caller and the tenants that it reaches with `c.get('principal')` and
   * `c.get('tenants')`.
   */
  readonly add: (router: Router, context: ServiceContext) => void;
}

/** The services' followers. Each follows only the tenants of its own product. */
export function followersOf(services: readonly Service[]): readonly Follower[] {
  return services.map(
    ({ product, tenantChanged, subscriptionChanged }): Follower => ({
      name: product.id,
      async tenantChanged(client, tenant, change, at) {
        if (tenant.product === product.id) await tenantChanged?.(client, tenant, change, at);
      },
      async subscriptionChanged(client, tenant, change, at) {
        if (tenant.product === product.id) await subscriptionChanged?.(client, tenant, change, at);
      },
    }),
  );
}

/** The services' migrations, for `migrate`. */
export function migrationsOf(services: readonly Service[]): { name: string; folder: string }[] {
  return services.flatMap(({ product, migrations }) =>
    migrations === undefined ? [] : [{ name: product.id, folder: migrations }],
  );
}

/** The services' personal data by product, for exports and for deleting tenants. */
export function personalDataOf(services: readonly Service[]): ReadonlyMap<string, PersonalData> {
  return new Map(
    services.flatMap(({ product, personalData }) => (personalData ? [[product.id, personalData]] : [])),
  );
}

/** A job of a service. It must be idempotent: one ring may run it more than once, for example after a crash. */
export interface ServiceTask {
  readonly payload: z.ZodType;
  /**
   * @param payload parsed by the task's `payload`
   * @throws Error to have the job tried again
   */
  readonly run: (payload: unknown, context: WorkerServiceContext) => Promise<void>;
}

/** Gives a task's handler the type of its payload. */
export function serviceTask<Payload extends z.ZodType>(
  payload: Payload,
  run: (payload: z.output<Payload>, context: WorkerServiceContext) => Promise<void>,
): ServiceTask {
  return { payload, run: run as ServiceTask['run'] };
}

/** A task's name in the queue. It holds the cell, because each cell works through its own jobs. */
export function serviceTaskName(productId: string, task: string, cell: string): string {
  return `service:${productId}:${task}:${cell}`;
}

/**
 * Rings a task in the cell, in the caller's transaction.
 * @param options.key at most one job waits under this key; a later ring replaces its payload
 */
export async function ringServiceTask(
  db: Queryable,
  ring: { readonly product: Product; readonly task: string; readonly cell: string },
  payload: object,
  options: { readonly key?: string; readonly runAt?: Date } = {},
): Promise<void> {
  const name = serviceTaskName(ring.product.id, ring.task, ring.cell);
  await db.query(`select graphile_worker.add_job($1, $2::json, job_key => $3, run_at => $4)`, [
    name,
    JSON.stringify(payload),
    options.key === undefined ? null : `${name}:${options.key}`,
    options.runAt ?? null,
  ]);
}

/** A tenant's use of one meter. It counts once by its id, so reporting it again is harmless. */
export interface ServiceUse {
  readonly tenantId: string;
  /** Unique within the tenant: at most 200 printable ASCII characters without spaces. */
  readonly id: string;
  /** Id of a meter of the product. */
  readonly meter: string;
  readonly at: Date;
  /** A decimal number in the meter's unit, with at most six decimals. */
  readonly quantity: string;
}

/** A check that a use must pass before it begins, such as `task` with the attribute `agent`. */
export interface ServiceCheck {
  /** One sentence for the API's documentation. */
  readonly description: string;
  readonly attributes: z.ZodType;
  /**
   * Says what the use needs, or why the plan does not include it. The control plane takes all that is needed, or nothing,
   * in the same transaction. Must not go by an amount in use that the caller says: two that ask at once would both pass.
   * @param request.attributes parsed by the check's `attributes`
   */
  readonly decide: (request: CheckRequest, client: Queryable) => CheckDecision | Promise<CheckDecision>;
}

/** Gives a check's rule the types of its attributes. */
export function serviceCheck<Attributes extends z.ZodType>(check: {
  readonly description: string;
  readonly attributes: Attributes;
  readonly decide: (
    request: CheckRequest<z.output<Attributes>>,
    client: Queryable,
  ) => CheckDecision | Promise<CheckDecision>;
}): ServiceCheck {
  return { ...check, decide: check.decide as ServiceCheck['decide'] };
}

export interface CheckRequest<Attributes = unknown> {
  readonly tenant: Tenant;
  readonly product: Product;
  readonly plan: Plan;
  /** How many uses the caller asks for at once; at least 1. */
  readonly amount: number;
  readonly attributes: Attributes;
  readonly at: Date;
}

export type CheckDecision =
  | {
      readonly admitted: true;
      readonly needs: readonly CheckNeed[];
      /** The meter that counts the settled amount. When left out, the service reports the use itself. */
      readonly meter?: string;
      /** What the use is likely to cost us, in micro-dollars; 0 where no cost is tracked. */
      readonly estimatedCostMicros: number;
    }
  | { readonly admitted: false; readonly refusal: PlanRefusal };

/** What a use takes. An entitlement without a number limits nothing. */
export type CheckNeed =
  /** From an allowance that the entitlement's meter counts over its period. */
  | { readonly of: 'limit'; readonly entitlement: string; readonly amount: number }
  /** From what may be in use at once; returned when the use ends. */
  | { readonly of: 'concurrency'; readonly entitlement: string; readonly amount: number }
  /** From what may begin within any period of this length. */
  | {
      readonly of: 'rate';
      readonly entitlement: string;
      readonly amount: number;
      readonly periodSeconds: number;
    }
  | { readonly of: 'credits'; readonly credits: number }
  /** From the month's budget for API calls. */
  | { readonly of: 'budget'; readonly costMicros: number };

/** The plan does not include the use at all. */
export interface PlanRefusal {
  /** The entitlement that refuses. */
  readonly entitlement: string;
  /** One sentence: what the plan lacks and what to do. */
  readonly message: string;
  /** True for a plan that includes it. The answer names the cheapest. */
  readonly has: (plan: Plan) => boolean;
  /** How much of the plan's number is left; 0 when left out. */
  readonly left?: number;
}

/** What a service keeps about a tenant's people. */
export interface PersonalData {
  /** Records for the tenant's export, one line each. */
  readonly export: (db: Queryable, tenant: Tenant) => AsyncIterable<object> | Iterable<object>;
  /** Deletes all of it after the tenant's end. Runs in one transaction, and again after a crash. */
  readonly erase: (db: Queryable, tenant: Tenant) => Promise<void>;
}

/**
 * A kind of object that a service makes in tenants' namespaces. Each object carries
 * `app.kubernetes.io/managed-by: tenantry`, `tenantry.dev/tenant: <tenant id>` and the label below, whose value is its id
 * in the service's own tables. The reconciler removes objects without a row there.
 */
export interface NamespaceObjects {
  readonly apiVersion: string;
  readonly kind: string;
  /** For example `acme.example/session`. */
  readonly label: string;
  /** Which of these ids have a row that wants the object. Called after the cluster has been read. */
  readonly wanted: (db: Queryable, ids: readonly string[]) => Promise<ReadonlySet<string>>;
}
