/**
 * The contract of a service: everything that a product does, as one value.
 *
 * What a product is (plans, limits, prices, meters, the shape of its namespace) stands in its catalog file. What it does
 * stands behind this contract. The control plane calls each part and knows nothing else of any product: the entry
 * points hand it the list of services, from this tree (`services/index.ts`) and from packages beside it
 * (`TENANTRY_SERVICES`).
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
 * A product's service. Every part but the product is optional: a product may consist of its catalog file alone.
 * `Router` is the API's; what knows nothing of HTTP takes any service as a `Service`.
 */
export interface Service<Router = never> {
  /** The catalog's value. A package beside the tree brings a product that the catalog lacks. */
  readonly product: Product;
  readonly routes?: ServiceRoutes<Router>;
  /** Jobs by name. `ringServiceTask` rings one. */
  readonly tasks?: Readonly<Record<string, ServiceTask>>;
  /** Steps of every cell's sweep, by name: each finishes what a crash or a lost doorbell left behind. */
  readonly sweep?: Readonly<Record<string, (context: WorkerServiceContext) => Promise<void>>>;
  /** Follows the product's tenants: called in the transaction of each change. */
  readonly tenantChanged?: NonNullable<Follower['tenantChanged']>;
  /**
   * Tells use that neither the cluster shows nor anybody sends. Read at each sweep of a cell. A use that cannot count fails
   * the step by its name and keeps no other from counting.
   */
  readonly usage?: (context: WorkerServiceContext) => AsyncIterable<ServiceUse> | Iterable<ServiceUse>;
  /** What a use of the product must pass before it begins, by name. */
  readonly checks?: Readonly<Record<string, ServiceCheck>>;
  readonly personalData?: PersonalData;
  /** Its objects in tenants' namespaces that come and go: pods of sessions, sandboxes. */
  readonly objects?: readonly NamespaceObjects[];
  /** Registers the product's metrics, once in every API and worker process. */
  readonly metrics?: (
    registry: Registry,
    context: ServiceContext & { readonly process: 'api' | 'worker' },
  ) => void;
  /** Absolute path of a folder of `NNNN_name.sql` files. They run after the core's, in an order of their own. */
  readonly migrations?: string;
  /**
   * Absolute path of the page part of a package beside the tree: a JavaScript module for browsers that exports `mount`
   * (`PagePart` in `api/dashboard/src/page-part.ts`). Parts of this tree stand in `services/pages.ts`.
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
   * The product's own path prefixes; `/v1/<product id>` where this is left out. The API does not start when a route
   * lies outside of them or somebody else has one of them; its error names the path.
   */
  readonly paths?: readonly string[];
  /**
   * Adds the routes. Each is made by `createRoute` of `api/router.ts` and declares its access; its handler finds the
   * principal and what it reaches on the request: `c.get('principal')`, `c.get('tenants')`. A route that declares none keeps
   * the API from starting.
   */
  readonly add: (router: Router, context: ServiceContext) => void;
}

/** The followers of services, each called for the tenants of its product alone. */
export function followersOf(services: readonly Service[]): readonly Follower[] {
  return services.flatMap(({ product, tenantChanged }) =>
    tenantChanged
      ? [
          {
            name: product.id,
            tenantChanged: async (client, tenant, change, at) => {
              if (tenant.product === product.id) await tenantChanged(client, tenant, change, at);
            },
          } satisfies Follower,
        ]
      : [],
  );
}

/** The folders of migrations of services, for `migrate`. */
export function migrationsOf(services: readonly Service[]): { name: string; folder: string }[] {
  return services.flatMap(({ product, migrations }) =>
    migrations === undefined ? [] : [{ name: product.id, folder: migrations }],
  );
}

/** What services keep about people, by product, for exports and the ends of tenants. */
export function personalDataOf(services: readonly Service[]): ReadonlyMap<string, PersonalData> {
  return new Map(
    services.flatMap(({ product, personalData }) => (personalData ? [[product.id, personalData]] : [])),
  );
}

/** A job of a service. It may run more than once for one ring, after a crash for example, and must bear that. */
export interface ServiceTask {
  readonly payload: z.ZodType;
  /**
   * @param payload as `payload` has parsed it
   * @throws Error when the job is to be tried again
   */
  readonly run: (payload: unknown, context: WorkerServiceContext) => Promise<void>;
}

/** A task whose handler knows the type of its payload. */
export function serviceTask<Payload extends z.ZodType>(
  payload: Payload,
  run: (payload: z.output<Payload>, context: WorkerServiceContext) => Promise<void>,
): ServiceTask {
  return { payload, run: run as ServiceTask['run'] };
}

/** The queue's name of a product's task: each product has its own names, each cell works off its own jobs. */
export function serviceTaskName(productId: string, task: string, cell: string): string {
  return `service:${productId}:${task}:${cell}`;
}

/**
 * Rings a task in the cell, inside of the caller's transaction.
 * @param options.key one job of this key waits at most; a later ring replaces its payload
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

/** Use of one meter of a tenant, counted once by its id: telling it again is harmless. */
export interface ServiceUse {
  readonly tenantId: string;
  /** The service's own, unique within the tenant: at most 200 printable ASCII characters without spaces. */
  readonly id: string;
  /** Id of a meter of the product. */
  readonly meter: string;
  readonly at: Date;
  /** In the meter's unit: a decimal number of at most six places. */
  readonly quantity: string;
}

/** What a use must pass before it begins, such as `task` with the attribute `agent`. */
export interface ServiceCheck {
  /** One sentence for the API's document. */
  readonly description: string;
  readonly attributes: z.ZodType;
  /**
   * Says what the use needs, or why the plan does not have it. The control plane takes what is needed in the same
   * transaction, all of it or nothing.
   * @param request.attributes as `attributes` has parsed them
   */
  readonly decide: (request: CheckRequest, client: Queryable) => CheckDecision | Promise<CheckDecision>;
}

/** A check whose rule knows the types of its attributes. */
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
  /** How many uses are asked for at once; at least 1. */
  readonly amount: number;
  readonly attributes: Attributes;
  readonly at: Date;
}

export type CheckDecision =
  | {
      readonly admitted: true;
      readonly needs: readonly CheckNeed[];
      /** The meter that a settled use is told to, by its amount. Left out, the service tells what was used itself. */
      readonly meter?: string;
      /** What the use is likely to cost us, in micro-dollars; 0 where it costs nothing that is tracked. */
      readonly estimatedCostMicros: number;
    }
  | { readonly admitted: false; readonly refusal: PlanRefusal };

/** What a use takes while it runs, and keeps once it is settled. Entitlements without a number limit nothing. */
export type CheckNeed =
  /** Of an allowance that the entitlement's meter counts over its period. */
  | { readonly of: 'limit'; readonly entitlement: string; readonly amount: number }
  /** Of what may be in use at once; given back when the use ends. */
  | { readonly of: 'concurrency'; readonly entitlement: string; readonly amount: number }
  /** Of what may begin within any such period. */
  | {
      readonly of: 'rate';
      readonly entitlement: string;
      readonly amount: number;
      readonly periodSeconds: number;
    }
  | { readonly of: 'credits'; readonly credits: number }
  /** Of the month's budget for API calls. */
  | { readonly of: 'budget'; readonly costMicros: number };

/** The plan does not have it, however little was used. */
export interface PlanRefusal {
  /** The entitlement that decides. */
  readonly entitlement: string;
  /** Says what is not in the plan and what to do, in a sentence. */
  readonly message: string;
  /** Whether another plan has it: the cheapest that does is named to the caller. */
  readonly has: (plan: Plan) => boolean;
}

/** What a service keeps about a tenant's people. */
export interface PersonalData {
  /** Records for the tenant's export, one line each. */
  readonly export: (db: Queryable, tenant: Tenant) => AsyncIterable<object> | Iterable<object>;
  /** Deletes all of it, when the tenant has ended. Runs in one transaction, and again after a crash. */
  readonly erase: (db: Queryable, tenant: Tenant) => Promise<void>;
}

/**
 * A kind of objects that a service makes in tenants' namespaces. Each carries `app.kubernetes.io/managed-by: tenantry`,
 * `tenantry.dev/tenant: <tenant id>` and the label below, which holds its id in the service's own tables. The reconciler
 * removes those that have no row there.
 */
export interface NamespaceObjects {
  readonly apiVersion: string;
  readonly kind: string;
  /** For example `acme.example/session`. */
  readonly label: string;
  /** Which of these ids have a row that wants the object. Read after the cluster was. */
  readonly wanted: (db: Queryable, ids: readonly string[]) => Promise<ReadonlySet<string>>;
}
