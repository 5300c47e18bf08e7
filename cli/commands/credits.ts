/** `tenantry credits <id>`: what a tenant has left to spend, and what moved it; `--top-up` adds to it. */
import { randomUUID } from 'node:crypto';
import { type GetCreditsData, getBudgets, getCredits, topUpCredits } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { creditsText } from '../text/credits.ts';

export interface CreditsOptions extends Identity, ListOptions {
  /** Credits to add first. */
  topUp?: number;
  /** What they are for. */
  cause?: string;
}

export async function credits(
  connection: Connection,
  output: Output,
  id: string,
  options: CreditsOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const { topUp, cause } = options;
  const path = { id: tenantId(id) };
  if (topUp !== undefined)
    await topUpCredits({ client, path, body: { amount: topUp, cause: cause ?? `cli-${randomUUID()}` } });
  const found = await readList(
    output,
    { list: 'getCredits', usual: 20, options },
    (query: QueryOf<GetCreditsData>) => getCredits({ client, path, query }),
    (page) => page.entries,
  );
  const { budgets } = await getBudgets({ client, path });
  output.result({ ...found, budgets }, () => creditsText(found, budgets));
}
