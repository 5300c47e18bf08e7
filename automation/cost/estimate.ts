/** Estimates a cell's monthly cost by subject, and what each plan earns. Pure. */
import { type PlatformConfig, tenantServerSize } from '../../infra/config.ts';
import {
  type BillLine,
  billOfMaterials,
  databaseClass,
  type FleetNeeds,
  type Subject,
  subjects,
} from './bill.ts';
import { type TypicalTenant, typicalTenants } from './fleet.ts';
import { businessSupport } from './prices.ts';
import { type TenantNeeds, tenantNeeds } from './tenant.ts';

export interface Estimate {
  readonly region: string;
  readonly tenants: number;
  readonly totalMicros: number;
  readonly perTenantMicros: number;
  readonly subjects: readonly { readonly subject: Subject; readonly costMicros: number }[];
  readonly lines: readonly BillLine[];
  readonly plans: readonly PlanMargin[];
  /** Sentences that say where the estimate deviates from the configuration. */
  readonly remarks: readonly string[];
}

export interface PlanMargin {
  readonly product: string;
  readonly plan: string;
  /** The plan's share of all tenants. */
  readonly shareBasisPoints: number;
  /** What a typical tenant pays in a month, by the catalog; null where the price is agreed by hand. */
  readonly revenueMicros: number | null;
  /** The bill for this tenant alone. */
  readonly directMicros: number;
  /** Its share of the common bill, in proportion to its own bill. */
  readonly sharedMicros: number;
  readonly marginMicros: number | null;
  /** The margin's share of the revenue; null without revenue. */
  readonly marginBasisPoints: number | null;
}

/**
 * Estimates the monthly cost of a cell with this configuration and number of tenants, and what each plan earns.
 * @throws RangeError when `tenants` is no whole number of at least 1, or when an instance type has no price
 */
export function estimate(
  config: PlatformConfig,
  tenants: number,
  fleet: readonly TypicalTenant[] = typicalTenants(),
): Estimate {
  if (!Number.isSafeInteger(tenants) || tenants < 1)
    throw new RangeError(`${tenants} tenants cannot be estimated`);
  const mixed = fleet.map((typical) => ({
    needs: tenantNeeds(typical),
    count: (tenants * typical.shareBasisPoints) / 10_000,
  }));
  const lines = withSupport(billOfMaterials(config, fleetNeeds(mixed, tenants)));
  const totalMicros = sumOf(lines);
  return {
    region: config.region,
    tenants,
    totalMicros,
    perTenantMicros: Math.round(totalMicros / tenants),
    subjects: subjects.map((subject) => ({
      subject,
      costMicros: sumOf(lines.filter((line) => line.subject === subject)),
    })),
    lines,
    plans: margins(config, tenants, fleet, totalMicros),
    remarks: remarks(config, tenants),
  };
}

/** Adds up the needs of `count` tenants of each kind. */
export function fleetNeeds(
  kinds: readonly { readonly needs: TenantNeeds; readonly count: number }[],
  tenants: number,
): FleetNeeds {
  const sum = (of: (needs: TenantNeeds) => number) =>
    kinds.reduce((total, { needs, count }) => total + count * of(needs), 0);
  return {
    tenants,
    nodeHours: sum((needs) => needs.nodeHours),
    volumeGb: sum((needs) => needs.volumeGb),
    snapshotGb: sum((needs) => needs.snapshotGb),
    objectsGb: sum((needs) => needs.objectsGb),
    recordings: {
      standardGb: sum((needs) => needs.recordings.standardGb),
      infrequentGb: sum((needs) => needs.recordings.infrequentGb),
      glacierGb: sum((needs) => needs.recordings.glacierGb),
    },
    databaseGb: sum((needs) => needs.databaseGb),
    egressGb: sum((needs) => needs.egressGb),
    natGb: sum((needs) => needs.natGb),
    requestsThousands: sum((needs) => needs.requestsThousands),
    users: sum((needs) => needs.users),
  };
}

function sumOf(lines: readonly BillLine[]): number {
  return lines.reduce((total, { costMicros }) => total + costMicros, 0);
}

/** Adds the bill's last line: support costs a share of all the others. */
function withSupport(lines: readonly BillLine[]): readonly BillLine[] {
  const costMicros = supportMicros(sumOf(lines));
  const { source, asOf } = businessSupport;
  const line = { subject: 'support', item: 'AWS Business Support', quantity: 1, unit: 'month' } as const;
  return [...lines, { ...line, unitMicros: costMicros, costMicros, source, asOf }];
}

/** AWS's charge for support of a month's bill. */
export function supportMicros(billMicros: number): number {
  let [from, sum] = [0, 0];
  for (const { upToUsd, basisPoints } of businessSupport.bands) {
    const upTo = upToUsd * 1e6;
    sum += (Math.max(0, Math.min(billMicros, upTo) - from) * basisPoints) / 10_000;
    from = upTo;
  }
  return Math.round(Math.max(businessSupport.minimumUsdMicros, sum));
}

function margins(
  config: PlatformConfig,
  tenants: number,
  fleet: readonly TypicalTenant[],
  totalMicros: number,
): readonly PlanMargin[] {
  const direct = fleet.map((typical) => directMicros(config, typical));
  const allDirect = fleet.reduce(
    (sum, { shareBasisPoints }, index) => sum + (tenants * shareBasisPoints * (direct[index] ?? 0)) / 10_000,
    0,
  );
  const sharedPerDirect = (totalMicros - allDirect) / allDirect;
  return fleet.map((typical, index) => {
    const { product, plan, shareBasisPoints } = typical;
    const own = direct[index] ?? 0;
    const shared = Math.round(own * sharedPerDirect);
    const revenueMicros = revenue(typical);
    const marginMicros = revenueMicros === null ? null : revenueMicros - own - shared;
    return {
      product: product.id,
      plan: plan.id,
      shareBasisPoints: Math.round(shareBasisPoints),
      revenueMicros,
      directMicros: own,
      sharedMicros: shared,
      marginMicros,
      marginBasisPoints:
        marginMicros === null || !revenueMicros ? null : Math.round((marginMicros / revenueMicros) * 10_000),
    };
  });
}

/** What one more tenant of this kind adds to the bill, without database and control plane. */
function directMicros(config: PlatformConfig, typical: TypicalTenant): number {
  const bill = (count: number) =>
    sumOf(billOfMaterials(config, fleetNeeds([{ needs: tenantNeeds(typical), count }], count)));
  // Computed for ten tenants, because rounding up would distort the result for one.
  return Math.round((bill(10) - bill(0)) / 10);
}

function revenue({ plan: { price }, usage }: TypicalTenant): number | null {
  switch (price.kind) {
    case 'flat':
      return price.priceCents * 10_000;
    case 'perSeat':
      return price.priceCents * 10_000 * usage.users;
    case 'custom':
      return null;
  }
}

function remarks({ region, database, primary }: PlatformConfig, tenants: number): string[] {
  const { instanceClass } = primary ? tenantServerSize(database) : database;
  const needed = databaseClass(instanceClass, tenants);
  return [
    ...(needed === instanceClass
      ? []
      : [
          `${tenants.toLocaleString('en-US')} tenants need a database of class ${needed}; configured is ${instanceClass}.`,
        ]),
    ...(region === 'us-east-1'
      ? []
      : [`Prices of ${region} are those of us-east-1 in proportion to the price of an m6g.large.`]),
  ];
}
