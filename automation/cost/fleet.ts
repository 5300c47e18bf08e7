/**
 * Who the tenants are and what they use: the mix of plans and, for each, one typical tenant's month. Assumptions, as
 * no fleet is like another: `docs/cost.md` says where each comes from, and an operator puts measured ones here.
 */
import { catalog, type Plan, type Product } from '../../tenants/catalog/index.ts';

/** What a typical tenant of a plan uses in a month. */
export interface PlanUsage {
  /** Of all tenants, in basis points. */
  readonly shareBasisPoints: number;
  /** People who sign in; those who pay, where a plan is sold by the seat. */
  readonly users: number;
  /** Hours that pods of the plan's size run, all replicas together. */
  readonly podHours: number;
  /** Objects in S3 that are read now and then: assets, uploads, e-mails. */
  readonly objectsGb?: number;
  /** Recordings made in a month; how long they are kept stands in the plan. */
  readonly recordingsGb?: number;
  /** Rows in PostgreSQL. */
  readonly databaseGb: number;
  /** What goes to the tenant's people. */
  readonly egressGb: number;
  /** What its pods fetch from the internet. */
  readonly ingressGb: number;
  /** Requests that reach the edge, in thousands. */
  readonly requestsThousands: number;
}

export interface TypicalTenant {
  readonly product: Product;
  readonly plan: Plan;
  readonly usage: PlanUsage;
}

/** A pod that never stops. */
const always = 730;

/**
 * A company on `stream`: what follows from its people and the hours that each streams. A desktop mostly stands still:
 * 0.15 GB an hour go out, 0.03 GB are recorded.
 * @param podsPerSession pods of the plan that one session fills: it has 3.2 GB of memory, all replicas of the plan
 *   together have the plan's
 */
function company(users: number, hoursEach: number, podsPerSession: number) {
  const hours = users * hoursEach;
  return {
    users,
    podHours: hours * podsPerSession,
    objectsGb: 4 * users,
    recordingsGb: 0.03 * hours,
    egressGb: 0.15 * hours,
    ingressGb: 0.08 * hours,
    requestsThousands: 0.6 * hours,
  };
}

const usages: Readonly<Record<string, PlanUsage>> = {
  // Stopped between sessions: twelve hours of a week.
  'workspace/byoc': {
    shareBasisPoints: 1_200,
    users: 1,
    podHours: 52,
    databaseGb: 0,
    egressGb: 4,
    ingressGb: 6,
    requestsThousands: 30,
  },
  'workspace/we-manage': {
    shareBasisPoints: 1_000,
    users: 1,
    podHours: 52,
    databaseGb: 0,
    egressGb: 6,
    ingressGb: 8,
    requestsThousands: 45,
  },
  'browsers/starter': {
    shareBasisPoints: 300,
    users: 1,
    podHours: 0,
    databaseGb: 0,
    egressGb: 0,
    ingressGb: 0,
    requestsThousands: 1,
  },
  // Five warm pods all the time; sessions of three minutes on top, of which most find one of the five.
  'browsers/professional': {
    shareBasisPoints: 800,
    users: 3,
    podHours: 5 * always + 50,
    databaseGb: 0,
    egressGb: 20,
    ingressGb: 60,
    requestsThousands: 150,
  },
  'browsers/enterprise': {
    shareBasisPoints: 100,
    users: 10,
    podHours: 5 * always + 2_000,
    databaseGb: 0,
    egressGb: 200,
    ingressGb: 600,
    requestsThousands: 1_500,
  },
  'inbox/starter': {
    shareBasisPoints: 1_000,
    users: 3,
    podHours: always,
    objectsGb: 2,
    databaseGb: 0.2,
    egressGb: 0.5,
    ingressGb: 0.5,
    requestsThousands: 20,
  },
  'inbox/professional': {
    shareBasisPoints: 500,
    users: 8,
    podHours: always,
    objectsGb: 10,
    databaseGb: 1,
    egressGb: 2,
    ingressGb: 2,
    requestsThousands: 80,
  },
  'inbox/enterprise': {
    shareBasisPoints: 100,
    users: 40,
    podHours: always,
    objectsGb: 60,
    databaseGb: 8,
    egressGb: 15,
    ingressGb: 15,
    requestsThousands: 500,
  },
  'agents/free': {
    shareBasisPoints: 700,
    users: 1,
    podHours: always,
    databaseGb: 0.05,
    egressGb: 0.2,
    ingressGb: 0.5,
    requestsThousands: 5,
  },
  'agents/pro': {
    shareBasisPoints: 800,
    users: 1,
    podHours: always,
    objectsGb: 1,
    databaseGb: 0.3,
    egressGb: 1,
    ingressGb: 3,
    requestsThousands: 30,
  },
  // The gateway, and sandboxes of ten minutes for 600 tasks.
  'agents/enterprise': {
    shareBasisPoints: 200,
    users: 15,
    podHours: always + 100,
    objectsGb: 10,
    databaseGb: 3,
    egressGb: 5,
    ingressGb: 20,
    requestsThousands: 300,
  },
  'stream/free': { shareBasisPoints: 800, databaseGb: 0.05, ...company(1, 8, 10) },
  'stream/professional': { shareBasisPoints: 1_600, databaseGb: 0.5, ...company(4, 60, 2) },
  'stream/business': { shareBasisPoints: 800, databaseGb: 3, ...company(18, 90, 0.5) },
  'stream/enterprise': { shareBasisPoints: 100, databaseGb: 12, ...company(60, 100, 0.25) },
};

/** Every plan of the catalog with its typical tenant; the shares make 100 percent together. */
export const typicalTenants: readonly TypicalTenant[] = catalog.flatMap((product) =>
  product.plans.map((plan) => {
    const usage = usages[`${product.id}/${plan.id}`];
    if (!usage) throw new Error(`fleet.ts says nothing of ${product.id}/${plan.id}`);
    return { product, plan, usage };
  }),
);
