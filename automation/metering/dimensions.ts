import { catalog } from '../../tenants/catalog/index.ts';
import type { Measure, MeteredDimension, Product } from '../../tenants/catalog/types.ts';
import { dayMs, hourMs, type Month, slotSeconds } from './time.ts';

/**
 * How the catalog's dimensions are computed from what is measured. Pure.
 *
 * The sampler measures each tenant's CPU (thousandths of a processor), memory (kB) and volumes (MB). Everything else is
 * told by the product's own side, in millionths of the dimension's unit. A day's amount is the sum of terms
 * `measured × numerator / denominator`, rounded once to millionths of the dimension's unit.
 */

export type Source = 'cpu' | 'memory' | 'storage' | 'told';

export interface Term {
  readonly product: string;
  /** The dimension that the term adds to. */
  readonly dimension: string;
  readonly source: Source;
  /** For the source `told`: the dimension that is told. */
  readonly told: string | null;
  /** Whether to add up the day's samples or to take the highest. */
  readonly take: 'sum' | 'peak';
  readonly numerator: number;
  readonly denominator: number;
  readonly billable: boolean;
}

/** How a dimension's told amounts add up within a day. */
export type Told = Extract<Measure, { from: 'told' }>['as'];

const hourSeconds = hourMs / 1000;
const daySeconds = dayMs / 1000;

/**
 * Millionths of a processor or a GB in one unit of a sample: a thousandth of a processor, a kB (a millionth of a GB), a
 * MB.
 */
const microsOfSample = { cpu: 1000, memory: 1, storage: 1000 } as const;

/** How many seconds one unit of a sampled dimension lasts; a month has as many as the calendar says. */
function unitSeconds(as: Exclude<Measure['as'], 'count' | 'peak'>, month: Month): number {
  return { second: 1, hour: hourSeconds, level: daySeconds, month: month.seconds }[as];
}

/** How a dimension is told; null where the sampler measures it. */
export function toldAs({ measure }: MeteredDimension): Told | null {
  return measure.from === 'told' ? measure.as : null;
}

/**
 * What a customer pays for one unit of use, in micro-dollars; null where the plan includes it. Products on credits charge
 * for no unit: credits pay for their use.
 */
export function chargedMicros(product: Product, dimension: MeteredDimension): number | null {
  return product.credits === undefined ? dimension.unitPriceMicros : null;
}

/** How days add up to a month: their sum, their average over the month, or the highest. */
export type MonthTake = 'sum' | 'average' | 'peak';

export function monthTakeOf({ measure: { as } }: MeteredDimension): MonthTake {
  return as === 'peak' ? 'peak' : as === 'level' ? 'average' : 'sum';
}

/** Dimensions whose month is not the sum of its days. */
export function monthTakes(products: readonly Product[] = catalog): ReadonlyMap<string, MonthTake> {
  return new Map(
    products.flatMap(({ meters }) =>
      meters.flatMap((dimension) => {
        const take = monthTakeOf(dimension);
        return take === 'sum' ? [] : [[dimension.id, take] as const];
      }),
    ),
  );
}

/** The terms of every dimension of the catalog in a month. */
export function termsOf(month: Month, products: readonly Product[] = catalog): readonly Term[] {
  return products.flatMap((product) =>
    product.meters.flatMap((dimension) => {
      const common = {
        product: product.id,
        dimension: dimension.id,
        billable: chargedMicros(product, dimension) !== null,
      };
      const { measure } = dimension;
      const told = (meter: string, as: Told, perSeconds: number): Term => ({
        ...common,
        source: 'told',
        told: meter,
        take: as === 'peak' ? 'peak' : 'sum',
        numerator: as === 'level' ? slotSeconds : 1,
        denominator: as === 'level' ? perSeconds : 1,
      });
      if (measure.from === 'told') return [told(dimension.id, measure.as, daySeconds)];
      const denominator = unitSeconds(measure.as, month);
      const numerator = microsOfSample[measure.from];
      return [
        { ...common, source: measure.from, told: null, take: 'sum' as const, numerator, denominator },
        ...(measure.withLevel === undefined ? [] : [told(measure.withLevel, 'level', denominator)]),
      ];
    }),
  );
}

/** Finds a dimension and its product in the catalog. The id may come from outside. */
export function findDimension(
  id: string,
): { readonly product: Product; readonly dimension: MeteredDimension } | undefined {
  for (const product of catalog) {
    const dimension = product.meters.find((meter) => meter.id === id);
    if (dimension) return { product, dimension };
  }
  return undefined;
}

/** The billed dimensions with their price of a unit in micro-dollars. */
export function prices(products: readonly Product[] = catalog): ReadonlyMap<string, number> {
  return new Map(
    products.flatMap((product) =>
      product.meters.flatMap((dimension) => {
        const price = chargedMicros(product, dimension);
        return price === null ? [] : [[dimension.id, price] as const];
      }),
    ),
  );
}
