/** `tenantry credits <id>`: what a tenant has left to spend, and what moved it; `--top-up` adds to it. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { tenantPath } from '../api-client.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { creditsText } from '../text/credits.ts';

export interface CreditsOptions extends Identity {
  /** Entries to show; default 20. */
  limit?: number;
  /** Credits to add first. */
  topUp?: number;
  /** What they are for. */
  cause?: string;
}

const creditsSchema = z.looseObject({
  balance: z.looseObject({ available: z.number(), held: z.number(), overshoot: z.number() }),
  lots: z.array(
    z.looseObject({
      kind: z.string(),
      cause: z.string(),
      remaining: z.number(),
      spendBy: z.string().nullable(),
      expiresAt: z.string().nullable(),
    }),
  ),
  brake: z.looseObject({ level: z.string(), reason: z.string().nullable() }),
  entries: z.array(
    z.looseObject({
      id: z.number(),
      at: z.string(),
      kind: z.string(),
      cause: z.string(),
      amount: z.number(),
      from: z.string(),
      to: z.string(),
    }),
  ),
});
export type Credits = z.infer<typeof creditsSchema>;

const budgetsSchema = z.looseObject({
  budgets: z.array(
    z.looseObject({
      kind: z.string(),
      limitMicros: z.number().nullable(),
      spentMicros: z.number(),
      reservedMicros: z.number(),
    }),
  ),
});
export type Budgets = z.infer<typeof budgetsSchema>['budgets'];

export async function credits(
  connection: Connection,
  output: Output,
  id: string,
  { limit = 20, topUp, cause, ...identity }: CreditsOptions,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const path = `${tenantPath(id)}/credits`;
  if (topUp !== undefined) {
    const body = { amount: topUp, cause: cause ?? `cli-${randomUUID()}` };
    await api.post(`${path}/top-ups`, body, z.looseObject({}));
  }
  const found = await api.get(`${path}?limit=${Math.min(limit, 500)}`, creditsSchema);
  const { budgets } = await api.get(`${tenantPath(id)}/budget`, budgetsSchema);
  output.result({ ...found, budgets }, () => creditsText(found, budgets));
}
