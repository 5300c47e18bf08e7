/** `tenantry credits <id>`: what a tenant has left to spend, and what moved it; `--top-up` adds to it. */
import { randomUUID } from 'node:crypto';
import { getBudgets, getCredits, topUpCredits } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { creditsText } from '../text/credits.ts';

export interface CreditsOptions extends Identity {
  /** Entries to show; default 20. */
  limit?: number;
  /** Credits to add first. */
  topUp?: number;
  /** What they are for. */
  cause?: string;
}

export async function credits(
  connection: Connection,
  output: Output,
  id: string,
  { limit = 20, topUp, cause, ...identity }: CreditsOptions,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const path = { id: tenantId(id) };
  if (topUp !== undefined)
    await topUpCredits({ client, path, body: { amount: topUp, cause: cause ?? `cli-${randomUUID()}` } });
  const found = await getCredits({ client, path, query: { limit: Math.min(limit, 200) } });
  const { budgets } = await getBudgets({ client, path });
  output.result({ ...found, budgets }, () => creditsText(found, budgets));
}
