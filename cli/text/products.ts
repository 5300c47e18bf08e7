/** Products and plans as text. Pure. */
import type { Product } from '../../api/client/index.ts';
import { table } from './table.ts';

export function productsText(products: readonly Product[]): string {
  const rows = products.flatMap((product) =>
    product.plans.map((plan, index) => [
      index === 0 ? product.id : '',
      plan.id,
      price(plan),
      plan.features.join('; '),
    ]),
  );
  return table(['PRODUCT', 'PLAN', 'PRICE', 'WHAT IT HOLDS'], rows);
}

/** `$29/seat/month`, `free`, `by agreement` */
export function price({
  price: { kind, priceCents, currency, interval },
}: Pick<Product['plans'][number], 'price'>): string {
  if (kind === 'custom' || priceCents === null) return 'by agreement';
  if (priceCents === 0) return 'free';
  const amount = new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency,
    minimumFractionDigits: priceCents % 100 === 0 ? 0 : 2,
  }).format(priceCents / 100);
  return `${amount}${kind === 'perSeat' ? '/seat' : ''}/${interval ?? 'month'}`;
}
