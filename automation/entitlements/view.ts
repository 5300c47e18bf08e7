import { findProduct } from '../../tenants/catalog/index.ts';
import type { EntitlementValue, Plan, Product } from '../../tenants/catalog/types.ts';
import { type SuspendReason, suspendMessages } from '../desired/index.ts';
import {
  type BudgetRow,
  type CreditBalance,
  creditAllowance,
  creditRule,
  effectiveLimit,
  planBudgetMicros,
} from '../ledger/index.ts';
import { countedEntitlements } from '../metering/index.ts';
import type { Queryable } from '../store/database.ts';
import type { Tenant } from '../store/tenants.ts';
import { microsPerUnit, readStandingWithMoney, resetOf, type Standing, usedOf } from './standing.ts';

/** What a tenant may do now. */
export interface Entitlements {
  readonly product: Product['id'];
  readonly plan: string;
  readonly state: Tenant['desiredState'];
  /** Why it is suspended; null when it is not. */
  readonly reason: { readonly code: string; readonly message: string } | null;
  readonly entitlements: Readonly<Record<string, Entitlement>>;
  /** Names of the entitlements that the plan has as true. Nothing but the plan decides them. */
  readonly planFeatures: readonly string[];
  /** Null where the product is not on credits. */
  readonly credits: {
    readonly available: number;
    readonly held: number;
    /** What a paid period grants. */
    readonly allowance: number;
    readonly resetsAt: Date | null;
  } | null;
  readonly budgets: readonly {
    readonly kind: 'api' | 'spend';
    readonly limitMicros: number | null;
    readonly spentMicros: number;
    readonly reservedMicros: number;
    readonly remainingMicros: number | null;
    readonly resetsAt: Date;
  }[];
}

export interface Entitlement {
  /** What the plan grants; null is unlimited or agreed by hand. */
  readonly value: EntitlementValue;
  /** Null where nothing counts it. */
  readonly use: Use | null;
}

export interface Use {
  /** `credits`: what remains is what the credits pay for. `at_once`: what is open now. */
  readonly per: 'month' | 'at_once' | 'credits';
  /** The meters that count it; empty where only open reservations do. */
  readonly meters: readonly string[];
  readonly used: number;
  /** What open reservations hold. */
  readonly held: number;
  /** Null when unlimited. */
  readonly remaining: number | null;
  readonly resetsAt: Date | null;
}

/** Reads what a tenant may do now. */
export async function readEntitlements(db: Queryable, tenant: Tenant, at: Date): Promise<Entitlements> {
  const { product, plan } = catalogOf(tenant);
  const facts = await readStandingWithMoney(db, { id: tenant.id, product }, at);
  return entitlementsOf(tenant, { product, plan, ...facts });
}

/** A tenant's product and plan. @throws Error when the catalog lacks either, which an operator must fix */
export function catalogOf(tenant: Tenant): { readonly product: Product; readonly plan: Plan } {
  const product = findProduct(tenant.product);
  const plan = product?.plans.find(({ id }) => id === tenant.desiredSpec.plan);
  if (!product || !plan)
    throw new Error(
      `tenant ${tenant.id} has the plan ${tenant.product}:${tenant.desiredSpec.plan}, which the catalog lacks`,
    );
  return { product, plan };
}

interface Facts {
  readonly product: Product;
  readonly plan: Plan;
  readonly standing: Standing;
  readonly balance: CreditBalance | null;
  readonly budgets: readonly BudgetRow[];
}

/** Pure. Equal answers serialise equally (keys are sorted), so that the ETag changes only when the answer does. */
export function entitlementsOf(
  tenant: Pick<Tenant, 'desiredState' | 'suspendReason'>,
  facts: Facts,
): Entitlements {
  const { product, plan, standing, balance, budgets } = facts;
  const allowance = creditAllowance(product.id, plan.id);
  const reason = tenant.desiredState === 'suspended' ? (tenant.suspendReason as SuspendReason | null) : null;
  const names = Object.keys(plan.entitlements).sort();
  return {
    product: product.id,
    plan: plan.id,
    state: tenant.desiredState,
    reason: reason && { code: reason, message: suspendMessages[reason] },
    entitlements: Object.fromEntries(
      names.map((name) => [name, { value: plan.entitlements[name] ?? null, use: useOf(name, facts) }]),
    ),
    planFeatures: names.filter((name) => plan.entitlements[name] === true),
    credits:
      allowance === null
        ? null
        : {
            available: balance?.available ?? 0,
            held: balance?.held ?? 0,
            allowance,
            resetsAt: standing.periodEnd,
          },
    budgets: budgets.map(({ kind, agreedMicros, capMicros, spentMicros, reservedMicros }) => {
      const planMicros = kind === 'api' ? planBudgetMicros(product.id, plan.id) : null;
      const limitMicros = effectiveLimit({ planMicros, agreedMicros, capMicros });
      const remainingMicros =
        limitMicros === null ? null : Math.max(0, limitMicros - spentMicros - reservedMicros);
      return { kind, limitMicros, spentMicros, reservedMicros, remainingMicros, resetsAt: resetOf(standing) };
    }),
  };
}

function useOf(name: string, { product, plan, standing, balance }: Facts): Use | null {
  const value = plan.entitlements[name];
  const limit = typeof value === 'number' ? value * microsPerUnit : null;
  const open = standing.held.concurrency.get(name) ?? 0;
  const counted = countedEntitlements(product).find(({ entitlement }) => entitlement === name);
  const left = (taken: number) => (limit === null ? null : Math.max(0, limit - taken) / microsPerUnit);
  if (!counted || counted.take === 'peak') {
    if (!counted && open === 0) return null;
    const meters = counted?.dimensions ?? [];
    const used = open / microsPerUnit;
    return { per: 'at_once', meters, used, held: used, remaining: left(open), resetsAt: null };
  }
  const used = usedOf(standing, counted);
  const rule = creditRule(product.id);
  if (rule?.entitlement === name)
    return {
      per: 'credits',
      meters: counted.dimensions,
      used: used / microsPerUnit,
      held: Math.floor((balance?.held ?? 0) / rule.creditsPerUse),
      remaining: Math.floor((balance?.available ?? 0) / rule.creditsPerUse),
      resetsAt: standing.periodEnd,
    };
  const held = standing.held.limit.get(name) ?? 0;
  return {
    per: 'month',
    meters: counted.dimensions,
    used: used / microsPerUnit,
    held: held / microsPerUnit,
    remaining: left(used + held),
    resetsAt: resetOf(standing),
  };
}
