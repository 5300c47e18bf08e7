/** The cost and revenue of one unit of a meter. Pure. */
import { catalog, type Product } from '../../tenants/catalog/index.ts';

export interface MeterMargin {
  readonly product: string;
  readonly meter: string;
  readonly unit: string;
  readonly unitCostMicros: number;
  /** Null where the use is in the plan. */
  readonly unitPriceMicros: number | null;
  readonly marginMicros: number | null;
}

/** Every meter whose unit has a known cost, with what a unit leaves. */
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
