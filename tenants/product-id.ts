import { z } from 'zod';
import { catalog, findProduct } from './catalog/index.ts';

/** Accepts only the ids of products in the catalog; its error names them. */
export const productId = z.string().refine((id) => findProduct(id) !== undefined, {
  error: () => `is not a product of the catalog, which has ${catalog.map(({ id }) => id).join(', ')}`,
});
