import { z } from 'zod';
import { catalog, findProduct } from './catalog/index.ts';

/** The id of a product that the catalog has; what refuses another names those that it has. */
export const productId = z.string().refine((id) => findProduct(id) !== undefined, {
  error: () => `is not a product of the catalog, which has ${catalog.map(({ id }) => id).join(', ')}`,
});
