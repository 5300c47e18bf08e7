/** The cost and revenue of one unit of a meter. Pure. */
import { catalog, type Product } from '../../tenants/catalog/index.ts';

export interface MeterMargin {
  readonly product: string;
  readonly meter: string;
  readonly unit: string;
  readonly unitCostMicros: number;
  /** Null where the plan includes the use. */
  readonly unitPriceMicros: number | null;
  readonly marginMicros: number | null;
}

/** Lists every meter whose unit has a known cost. */
export function meterMargins(products: readonly Product[] = catalog): readonly MeterMargin[] {
  return products.flatMap((product) =>
    product.meters.flatMap(({ id, unit, unitCostMicros, unitPriceMicros }) =>
      unitCostMicros === null
        ? []
        : [
            {
              product: product.id,
              meter: id,
              unit,
              unitCostMicros,
              unitPriceMicros,
              marginMicros: unitPriceMicros === null ? null : unitPriceMicros - unitCostMicros,
            },
          ],
    ),
  );
}
