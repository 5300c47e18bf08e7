/** `tenantry products`: the products and plans on sale. */
import { listProducts } from '../../api/client/index.ts';
import type { Connection } from '../connection.ts';
import type { Output } from '../output.ts';
import { productsText } from '../text/products.ts';

export async function products({ client }: Connection, output: Output): Promise<void> {
  const answer = await listProducts({ client });
  output.result(answer, () => productsText(answer.products));
}
