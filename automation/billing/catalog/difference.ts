/**
 * Finds what must change in Stripe to match the catalog. Pure. Once the changes are made, it finds none.
 *
 * A price's amount, interval and meter cannot change in Stripe, so new terms need another price, which takes over the
 * lookup key. The old one is archived once no live subscription uses it; nothing is ever deleted.
 */
import type Stripe from 'stripe';
import { catalogMetadata } from '../../../tenants/catalog/plan-of-price.ts';
import type { FoundCatalog } from './found.ts';
import type { WantedCatalog, WantedPrice, WantedProduct } from './wanted.ts';

export type CatalogKind = 'meter' | 'product' | 'price' | 'coupon' | 'promotionCode';

/** A field of an object in Stripe, as it is and as it should be; null when absent. */
export interface FieldChange {
  readonly field: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface CatalogChange {
  readonly kind: CatalogKind;
  /**
   * `create` makes an object, `replace` makes one that takes the place of `id`, `update` changes fields of `id`, `archive`
   * ends its sale.
   */
  readonly action: 'create' | 'replace' | 'update' | 'archive';
  /** Its identity in the catalog: a meter's event name, a product's key, a lookup key, a coupon, a code. */
  readonly key: string;
  readonly id: string | null;
  readonly fields: readonly FieldChange[];
}

/** An object that differs from the catalog and stays as it is. */
export interface KeptObject {
  readonly kind: CatalogKind;
  readonly key: string;
  readonly id: string;
  readonly why: string;
}

export interface CatalogDifference {
  /** In an order in which they can be made. */
  readonly changes: readonly CatalogChange[];
  readonly kept: readonly KeptObject[];
}

/** Ids of prices that are no longer in the catalog; their use decides whether they are archived. */
export function outdatedPrices(wanted: WantedCatalog, found: FoundCatalog): readonly string[] {
  return outdated(wanted, found).map(({ id }) => id);
}

/** @param inUse ids of prices that live subscriptions use, at least those among `outdatedPrices` */
export function differenceOf(
  wanted: WantedCatalog,
  found: FoundCatalog,
  inUse: ReadonlySet<string>,
): CatalogDifference {
  const old = outdated(wanted, found);
  const goingProducts = productsToEnd(wanted, found, inUse);
  const meters = meterDifference(wanted, found);
  const codes = promotionDifference(wanted, found);
  return {
    changes: [
      ...meters.changes,
      ...wanted.products.flatMap((product) => productChange(product, found) ?? []),
      ...wanted.prices.flatMap((price) => priceChange(price, wanted, found) ?? []),
      ...wanted.prices.flatMap((price) => defaultPriceChange(price, wanted, found) ?? []),
      ...old
        .filter((price) => !inUse.has(price.id) && !staysDefault(price, wanted, found))
        .map((price) => archive('price', keyOfPrice(price), price.id)),
      ...goingProducts.changes,
      ...codes.changes,
    ],
    kept: [
      ...meters.kept,
      ...old
        .filter(({ id }) => inUse.has(id))
        .map((price) =>
          keep(price, `live subscriptions still pay ${centsOf(price)} cents by it; it is not for sale`),
        ),
      ...old
        .filter((price) => !inUse.has(price.id) && staysDefault(price, wanted, found))
        .filter(({ product }) => goingProducts.changes.every(({ id }) => id !== idOf(product)))
        .map((price) => keep(price, 'it is the default price of a product whose prices are agreed by hand')),
      ...goingProducts.kept,
      ...codes.kept,
    ],
  };
}

function archive(kind: CatalogKind, key: string, id: string): CatalogChange {
  return { kind, action: 'archive', key, id, fields: [{ field: 'active', from: 'true', to: 'false' }] };
}

function keep(price: Stripe.Price, why: string): KeptObject {
  return { kind: 'price', key: keyOfPrice(price), id: price.id, why };
}

/** Finds the Stripe product for one of the catalog. */
export function foundProduct(
  { id, metadata }: Pick<WantedProduct, 'id' | 'metadata'>,
  found: FoundCatalog,
): Stripe.Product | undefined {
  const same = found.products.filter((product) => includes(product.metadata, metadata));
  return same.find(({ active }) => active) ?? same[0] ?? found.products.find((product) => product.id === id);
}

function productChange(wanted: WantedProduct, found: FoundCatalog): CatalogChange | null {
  const product = foundProduct(wanted, found);
  const is = product && {
    name: product.name,
    description: product.description,
    features: product.marketing_features.map(({ name }) => name ?? '').join('; '),
    unitLabel: product.unit_label ?? null,
    active: String(product.active),
  };
  const should = {
    name: wanted.name,
    description: wanted.description,
    features: wanted.features.join('; '),
    unitLabel: wanted.unitLabel,
    active: 'true',
  };
  return change(
    'product',
    wanted.key,
    product?.id ?? null,
    is && { ...is, ...chosen(product.metadata, wanted) },
    {
      ...should,
      ...wanted.metadata,
    },
  );
}

/** Finds the price in Stripe with this lookup key, or else one with the same terms that once had it. */
function holderOf(
  wanted: WantedPrice,
  catalog: WantedCatalog,
  found: FoundCatalog,
): Stripe.Price | undefined {
  const holder = found.prices.find(({ lookup_key: key }) => key === wanted.key);
  if (holder && hasTerms(holder, wanted, catalog, found)) return holder;
  return (
    found.prices.find(
      (price) => includes(price.metadata, wanted.metadata) && hasTerms(price, wanted, catalog, found),
    ) ?? holder
  );
}

/** Whether a price's unchangeable parts match the catalog. */
function hasTerms(
  price: Stripe.Price,
  wanted: WantedPrice,
  catalog: WantedCatalog,
  found: FoundCatalog,
): boolean {
  const is = termsOf(price, found);
  const should = wantedTerms(wanted, catalog, found);
  return Object.entries(should).every(([field, value]) => is[field] === value);
}

function termsOf(price: Stripe.Price, found: FoundCatalog): Record<string, string | null> {
  const meter = price.recurring?.meter;
  return {
    cents: centsOf(price),
    currency: price.currency,
    interval: price.recurring ? `${price.recurring.interval_count} ${price.recurring.interval}` : 'once',
    meter: meter ? (found.meters.find(({ id }) => id === meter)?.event_name ?? meter) : null,
    product: idOf(price.product),
    scheme: price.transform_quantity ? 'packages' : price.billing_scheme,
  };
}

function wantedTerms(
  wanted: WantedPrice,
  catalog: WantedCatalog,
  found: FoundCatalog,
): Record<string, string | null> {
  return {
    cents: wanted.cents,
    currency: 'usd',
    interval: '1 month',
    meter: wanted.meter,
    product: productIdOf(wanted, catalog, found),
    scheme: 'per_unit',
  };
}

/** The Stripe id that the price's product has or will have. */
export function productIdOf(
  { product }: Pick<WantedPrice, 'product'>,
  catalog: WantedCatalog,
  found: FoundCatalog,
): string {
  const wanted = catalog.products.find(({ key }) => key === product);
  if (!wanted) throw new Error(`the catalog has no product ${product}`);
  return foundProduct(wanted, found)?.id ?? wanted.id;
}

function priceChange(wanted: WantedPrice, catalog: WantedCatalog, found: FoundCatalog): CatalogChange | null {
  const holder = holderOf(wanted, catalog, found);
  const should = {
    ...wantedTerms(wanted, catalog, found),
    lookupKey: wanted.key,
    nickname: wanted.nickname,
    active: 'true',
    ...wanted.metadata,
  };
  const is = holder && {
    ...termsOf(holder, found),
    lookupKey: holder.lookup_key,
    nickname: holder.nickname,
    active: String(holder.active),
    ...chosen(holder.metadata, wanted),
  };
  const made = change('price', wanted.key, holder?.id ?? null, is, should);
  return made && holder && !hasTerms(holder, wanted, catalog, found) ? { ...made, action: 'replace' } : made;
}

/** A product's default price must be one on sale, because Stripe does not archive a default price. */
function defaultPriceChange(
  wanted: WantedPrice,
  catalog: WantedCatalog,
  found: FoundCatalog,
): CatalogChange | null {
  const product = found.products.find(({ id }) => id === productIdOf(wanted, catalog, found));
  const holder = holderOf(wanted, catalog, found);
  const id = holder && hasTerms(holder, wanted, catalog, found) ? holder.id : null;
  const from = idOf(product?.default_price ?? null);
  if (id !== null && from === id) return null;
  return {
    kind: 'product',
    action: 'update',
    key: wanted.product,
    id: product?.id ?? null,
    fields: [{ field: 'defaultPrice', from, to: id ?? wanted.key }],
  };
}

/** Our prices that are on sale but no longer in the catalog. */
function outdated(wanted: WantedCatalog, found: FoundCatalog): readonly Stripe.Price[] {
  const current = new Set(wanted.prices.map((price) => holderOf(price, wanted, found)?.id));
  for (const price of wanted.prices) {
    const holder = holderOf(price, wanted, found);
    if (holder && !hasTerms(holder, price, wanted, found)) current.delete(holder.id);
  }
  return found.prices.filter((price) => price.active && isOurs(price) && !current.has(price.id));
}

/** Stripe does not archive a default price. Where no other can take its place, the product is archived instead. */
function staysDefault(price: Stripe.Price, wanted: WantedCatalog, found: FoundCatalog): boolean {
  const product = found.products.find(({ id }) => id === idOf(price.product));
  if (idOf(product?.default_price ?? null) !== price.id) return false;
  return wanted.prices.every((other) => productIdOf(other, wanted, found) !== product?.id);
}

/** True for a price made from the catalog, false for one that was agreed by hand with a customer. */
function isOurs({ metadata, lookup_key: key }: Stripe.Price): boolean {
  const per = metadata[catalogMetadata.per];
  return (
    per === 'flat' ||
    per === 'perSeat' ||
    metadata[catalogMetadata.meter] !== undefined ||
    /^tenantry(-meter)?:/.test(key ?? '')
  );
}

/** Finds products of plans that are no longer in the catalog. */
function productsToEnd(wanted: WantedCatalog, found: FoundCatalog, inUse: ReadonlySet<string>) {
  const current = new Set(wanted.products.map((product) => foundProduct(product, found)?.id));
  const gone = found.products.filter(({ id, active }) => active && !current.has(id));
  const stillPaid = (id: string) =>
    found.prices.some((price) => idOf(price.product) === id && inUse.has(price.id));
  return {
    changes: gone
      .filter(({ id }) => !stillPaid(id))
      .map((product) => archive('product', keyOfProduct(product), product.id)),
    kept: gone
      .filter(({ id }) => stillPaid(id))
      .map((product) => ({
        kind: 'product' as const,
        key: keyOfProduct(product),
        id: product.id,
        why: 'it is no longer in the catalog, but live subscriptions pay for it',
      })),
  };
}

function meterDifference(wanted: WantedCatalog, found: FoundCatalog) {
  const changes: CatalogChange[] = [];
  const kept: KeptObject[] = [];
  for (const { key, name } of wanted.meters) {
    const same = found.meters.filter(({ event_name }) => event_name === key);
    const meter = same.find(({ status }) => status === 'active') ?? same[0];
    const made = change(
      'meter',
      key,
      meter?.id ?? null,
      meter && { name: meter.display_name, active: String(meter.status === 'active') },
      { name, active: 'true' },
    );
    if (made) changes.push(made);
    if (meter && meter.default_aggregation.formula !== 'sum') {
      const why = `it adds up by ${meter.default_aggregation.formula}, not by sum, which Stripe does not change: deactivate it there, then sync again`;
      kept.push({ kind: 'meter', key, id: meter.id, why });
    }
  }
  return { changes, kept };
}

function promotionDifference(wanted: WantedCatalog, found: FoundCatalog) {
  const changes: CatalogChange[] = [];
  const kept: KeptObject[] = [];
  for (const { key, name, percentOff, months, metadata } of wanted.coupons) {
    const coupon = found.coupons.find(({ id }) => id === key);
    const terms = { percentOff: String(percentOff), months: months === null ? 'forever' : String(months) };
    const is = coupon && {
      percentOff: String(coupon.percent_off),
      months: coupon.duration === 'forever' ? 'forever' : String(coupon.duration_in_months ?? 1),
    };
    const made = change(
      'coupon',
      key,
      coupon?.id ?? null,
      coupon && is && { name: coupon.name, ...is, ...chosen(coupon.metadata ?? {}, { metadata }) },
      { name, ...terms, ...metadata },
    );
    const fixed = made?.fields.filter(({ field }) => field in terms) ?? [];
    if (coupon && fixed.length > 0) {
      const why = 'its terms are not those of its name, and Stripe does not change them';
      kept.push({ kind: 'coupon', key, id: coupon.id, why });
    }
    const mended = made && coupon ? made.fields.filter(({ field }) => !(field in terms)) : made?.fields;
    if (made && mended && mended.length > 0) changes.push({ ...made, fields: mended });
  }
  const current = new Set<string>();
  const made: CatalogChange[] = [];
  for (const { key, coupon, metadata } of wanted.promotionCodes) {
    const same = found.promotionCodes.filter(
      (code) => code.code === key && idOf(code.promotion.coupon) === coupon,
    );
    const code = same.find(({ active }) => active) ?? same[0];
    if (code) current.add(code.id);
    const is = code && { active: String(code.active), ...chosen(code.metadata ?? {}, { metadata }) };
    const one = change('promotionCode', key, code?.id ?? null, is, { active: 'true', ...metadata });
    if (one) made.push(code ? one : { ...one, fields: [{ field: 'coupon', from: null, to: coupon }] });
  }
  // A code is free for another coupon only once the old promotion code is archived.
  const gone = found.promotionCodes.filter(({ id, active }) => active && !current.has(id));
  changes.push(...gone.map(({ code, id }) => archive('promotionCode', code, id)), ...made);
  return { changes, kept };
}

/** The change from `is` to the wanted object: a creation where there is none, null where nothing differs. */
function change(
  kind: CatalogKind,
  key: string,
  id: string | null,
  is: Readonly<Record<string, string | null>> | undefined,
  should: Readonly<Record<string, string | null>>,
): CatalogChange | null {
  const fields = Object.entries(should).flatMap(([field, to]) => {
    const from = is?.[field] ?? null;
    return from === to ? [] : [{ field, from, to }];
  });
  if (!is) return { kind, action: 'create', key, id: null, fields };
  return fields.length === 0 ? null : { kind, action: 'update', key, id, fields };
}

/** The metadata that the catalog sets. */
function chosen(
  metadata: Readonly<Record<string, string>>,
  { metadata: wanted }: { readonly metadata: Readonly<Record<string, string>> },
): Record<string, string | null> {
  return Object.fromEntries(Object.keys(wanted).map((name) => [name, metadata[name] ?? null]));
}

function includes(
  metadata: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(wanted).every(([name, value]) => metadata[name] === value);
}

function keyOfPrice({ lookup_key: key, metadata, id }: Stripe.Price): string {
  const rest = metadata[catalogMetadata.plan] ?? metadata[catalogMetadata.meter];
  return key ?? (rest === undefined ? id : `${metadata[catalogMetadata.product]}:${rest}`);
}

function keyOfProduct({ metadata, id }: Stripe.Product): string {
  const meter = metadata[catalogMetadata.meter];
  const rest = metadata[catalogMetadata.plan] ?? (meter && `meter:${meter}`);
  return rest === undefined ? id : `${metadata[catalogMetadata.product]}:${rest}`;
}

/** US cents as a decimal string without trailing zeros; `tiered` where there is no amount. */
function centsOf({ unit_amount: whole, unit_amount_decimal: decimal }: Stripe.Price): string {
  return whole === null ? (decimal?.toString() ?? 'tiered') : String(whole);
}

function idOf(reference: string | { readonly id: string } | null): string | null {
  return typeof reference === 'string' ? reference : (reference?.id ?? null);
}
