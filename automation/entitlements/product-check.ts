import type { Plan } from '../../tenants/catalog/types.ts';
import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';

/** What a product decides about a use of its own, beyond the limits that its catalog file counts. */

/** What of a tenant wants to be used. */
export interface CheckRequest {
  readonly tenant: Tenant;
  readonly plan: Plan;
  /** How much, in the unit that the product's check counts; 1 when the caller named none. */
  readonly amount: number;
  /** What the caller says about the use: which agent, which kind of session. */
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
}

/** What an admitted use takes. Plan limits on the meter and the product's credits follow from it. */
export interface Use {
  /** The meter that a settled use is told to. */
  readonly meter: string;
  /** In the meter's unit, with at most six places. */
  readonly amount: number;
  /** What it costs at most, in micro-dollars: held from the tenant's API budget. Left out, nothing is held. */
  readonly costMicros?: number;
}

export type CheckVerdict =
  /** Without a use nothing is reserved: it is a question of what the plan includes. */
  | { readonly admitted: true; readonly use: Use | null }
  | {
      readonly admitted: false;
      /** `not_in_plan`: the plan never allows it. `limit_reached`: it would at another time. */
      readonly code: 'not_in_plan' | 'limit_reached';
      /** The entitlement that says no. */
      readonly entitlement: string;
      /** What a list entitlement has to name, for the search of a plan that has it. */
      readonly value?: string;
      /** A sentence for the tenant. */
      readonly message: string;
      readonly left?: number;
      readonly resetsAt?: Date;
    };

/**
 * Decides a use by its name. It is called in the transaction that reserves, under the lock of the tenant's checks, so
 * what it reads there stays true until the reservation is written.
 */
export type ProductCheck = (request: CheckRequest, db: Queryable) => CheckVerdict | Promise<CheckVerdict>;

/** The checks of every product by its id, each by its own name. */
export type ProductChecks = ReadonlyMap<string, Readonly<Record<string, ProductCheck>>>;
