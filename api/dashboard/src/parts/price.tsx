import { money } from '../format.ts';
import type { Price } from '../types.ts';

export function PriceTag({ price }: { price: Price }) {
  if (price.kind === 'custom') {
    return (
      <p className="price">
        <span className="price-amount">Custom</span> <span className="price-per">by agreement</span>
      </p>
    );
  }
  const per = `${price.kind === 'perSeat' ? 'per seat, ' : ''}per ${price.interval ?? 'month'}`;
  return (
    <p className="price">
      <span className="price-amount">{money(price.priceCents ?? 0, price.currency)}</span>{' '}
      <span className="price-per">{per}</span>
    </p>
  );
}
