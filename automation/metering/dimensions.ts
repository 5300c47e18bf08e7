import { catalog } from '../../tenants/catalog/index.ts';
import type { MeteredDimension, Product } from '../../tenants/catalog/types.ts';
import { dayMs, hourMs, type Month, slotSeconds } from './time.ts';

/**
 * How each dimension of the catalog is made of what is measured. Pure.
 *
 * The sampler measures three things of every tenant: CPU (thousandths of a processor), memory (kB) and volumes (MB).
 * Everything else a product's own service tells, in millionths of the dimension's unit. A day's amount is the sum of
 * terms `measured × numerator / denominator`, rounded once to millionths of the dimension's unit.
 */

export type Source = 'cpu' | 'memory' | 'storage' | 'told';

export interface Term {
  readonly product: string;
  /** The dimension that it adds to. */
  readonly dimension: string;
  readonly source: Source;
  /** What was told, for the source `told`. */
  readonly told: string | null;
  /** The day's samples added up, or the highest of them. */
  readonly take: 'sum' | 'peak';
  readonly numerator: number;
  readonly denominator: number;
  /** It is charged for. */
  readonly billable: boolean;
}

/** How what is told of a dimension adds up within a day. */
export type Told =
  /** Things that happened: added up. */
  | 'count'
  /** Something that is there: its average over the day. */
  | 'level'
  /** Something that is there, of which the most at once matters. */
  | 'peak';

const hourSeconds = hourMs / 1000;
const daySeconds = dayMs / 1000;

/** How much of a unit of the dimension one measured unit is, for dimensions that the sampler measures. */
function measured(
  { unit, id }: MeteredDimension,
  month: Month,
): { source: Exclude<Source, 'told'>; numerator: number; denominator: number } | null {
  switch (unit) {
    // Millionths of an hour from thousandths of a second.
    case 'vCPU-hour':
      return { source: 'cpu', numerator: 1000, denominator: hourSeconds };
    case 'CPU-second':
      return { source: 'cpu', numerator: 1000, denominator: 1 };
    // A kB is a millionth of a GB.
    case 'GB-second':
      return { source: 'memory', numerator: 1, denominator: 1 };
    case 'GB-hour':
      return id.includes('storage')
        ? { source: 'storage', numerator: 1000, denominator: hourSeconds }
        : { source: 'memory', numerator: 1, denominator: hourSeconds };
    // A GB kept for the whole of a calendar month, however long that is.
    case 'GB-month':
      return { source: 'storage', numerator: 1000, denominator: month.seconds };
    default:
      return id === homes ? { source: 'storage', numerator: 1000, denominator: daySeconds } : null;
  }
}

const homes = 'stream_home_gb';
const recordings = 'stream_recording_gb';
const streamStorage = 'stream_storage_gb_months';

/** How a dimension is told, or null where the sampler measures it. */
export function toldAs({ id, unit }: MeteredDimension): Told | null {
  if (id === homes || ['vCPU-hour', 'CPU-second', 'GB-second', 'GB-hour', 'GB-month'].includes(unit))
    return null;
  if (id === recordings) return 'level';
  return id === 'stream_sessions_active' ? 'peak' : 'count';
}

/**
 * What a customer is charged for one unit of use, in micro-dollars; null where it is in the plan. Use of a product on
 * credits is paid for with credits, whatever one is worth.
 */
export function chargedMicros(product: Product, dimension: MeteredDimension): number | null {
  return product.figures.creditsPerSession === undefined ? dimension.unitPriceMicros : null;
}

/** How the days of a month make a month: added up, their average over the month, or the highest. */
export type MonthTake = 'sum' | 'average' | 'peak';

export function monthTakeOf(dimension: MeteredDimension): MonthTake {
  const as = toldAs(dimension);
  if (as === 'peak') return 'peak';
  return as === 'level' || dimension.id === homes ? 'average' : 'sum';
}

/** Dimensions of whose days a month is not the sum. */
export const monthTakes: ReadonlyMap<string, MonthTake> = new Map(
  catalog.flatMap(({ meters }) =>
    meters.flatMap((dimension) => {
      const take = monthTakeOf(dimension);
      return take === 'sum' ? [] : [[dimension.id, take] as const];
    }),
  ),
);

/** The terms of every dimension of the catalog in a month. */
export function termsOf(month: Month, products: readonly Product[] = catalog): readonly Term[] {
  return products.flatMap((product) =>
    product.meters.flatMap((dimension) => {
      const common = {
        product: product.id,
        dimension: dimension.id,
        billable: chargedMicros(product, dimension) !== null,
      };
      const as = toldAs(dimension);
      const terms: Term[] = [];
      const sampled = measured(dimension, month);
      if (sampled) terms.push({ ...common, told: null, take: 'sum', ...sampled });
      if (as)
        terms.push({
          ...common,
          source: 'told',
          told: dimension.id,
          take: as === 'peak' ? 'peak' : 'sum',
          numerator: as === 'level' ? slotSeconds : 1,
          denominator: as === 'level' ? daySeconds : 1,
        });
      // Recordings are stored as homes are, and cost the same.
      if (dimension.id === streamStorage)
        terms.push({
          ...common,
          source: 'told',
          told: recordings,
          take: 'sum',
          numerator: slotSeconds,
          denominator: month.seconds,
        });
      return terms;
    }),
  );
}

/** The catalog's dimension of this id with its product. Takes text from outside. */
export function findDimension(
  id: string,
): { readonly product: Product; readonly dimension: MeteredDimension } | undefined {
  for (const product of catalog) {
    const dimension = product.meters.find((meter) => meter.id === id);
    if (dimension) return { product, dimension };
  }
  return undefined;
}

/** Dimensions that are charged for, with the price of a unit in micro-dollars. */
export const prices: ReadonlyMap<string, number> = new Map(
  catalog.flatMap((product) =>
    product.meters.flatMap((dimension) => {
      const price = chargedMicros(product, dimension);
      return price === null ? [] : [[dimension.id, price] as const];
    }),
  ),
);
