/** `tenantry products`: what can be subscribed to. */
import { productList } from '../api-types.ts';
import type { Connection } from '../connection.ts';
import type { Output } from '../output.ts';
import { productsText } from '../text/products.ts';

export async function products({ api }: Connection, output: Output): Promise<void> {
  const answer = await api.get('/v1/products', productList);
  output.result(answer, () => productsText(answer.products));
}
