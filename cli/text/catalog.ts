/** Differences between the catalog and Stripe, as text. Pure. */
import type { CatalogChange, CatalogDifference } from '../../automation/billing/catalog/index.ts';
import { plain } from './table.ts';

const signs = { create: '+', replace: '±', update: '~', archive: '-' } as const;
const kinds = {
  meter: 'meter',
  product: 'product',
  price: 'price',
  coupon: 'coupon',
  promotionCode: 'promotion code',
} as const;

export function catalogText({ changes, kept }: CatalogDifference): string {
  const lines = changes.flatMap((change) => [
    `${signs[change.action]} ${changeLine(change)}`,
    ...change.fields
      .filter(({ to }) => change.action !== 'create' || to !== null)
      .map(({ field, from, to }) =>
        plain(
          `    ${field}: ${change.action === 'create' ? '' : `${from ?? '(none)'} -> `}${to ?? '(none)'}`,
        ),
      ),
  ]);
  const left = kept.map(({ kind, key, id, why }) => plain(`= ${kinds[kind]} ${key} (${id}) stays: ${why}`));
  const summary =
    changes.length === 0
      ? 'Stripe has the catalog: nothing to change.'
      : `${changes.length} ${changes.length === 1 ? 'change' : 'changes'}.`;
  return [...lines, ...left, summary].join('\n');
}

/** `replace price tenantry:<product>:<plan> (price_1…)` */
export function changeLine({ action, kind, key, id }: CatalogChange): string {
  return plain(`${action} ${kinds[kind]} ${key}${id === null ? '' : ` (${id})`}`);
}
