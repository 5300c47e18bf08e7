/** The catalog in Stripe: what it should hold, what differs, and how to correct it. */
export type { CatalogChange, CatalogDifference } from './difference.ts';
export { applyCatalog, CatalogNotInLine, type CatalogPlan, planCatalog } from './sync.ts';
export {
  meterLookupKey,
  type WantedCatalog,
  type WantedMeter,
  type WantedPrice,
  type WantedProduct,
  wantedCatalog,
} from './wanted.ts';
