/** `tenantry figures`: MRR and what moved it, churn, LTV, conversion, revenue; `figures rebuild` fills the log from Stripe. */
import { type GetFiguresData, getFigures, getFiguresOverview } from '../../api/client/index.ts';
import { originOf } from '../../automation/desired/index.ts';
import { readOperationsEnv, withControlPlane } from '../../automation/dr/index.ts';
import { readFiguresEnv, rebuildFigures } from '../../automation/figures/index.ts';

import { migrate } from '../../automation/store/migrate.ts';
import { type Connection, clientAs } from '../connection.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { notRunning } from '../problem.ts';
import { stripeAccount } from '../stripe-client.ts';
import { figuresCsv, figuresText, overviewText } from '../text/figures.ts';

/** First and last UTC day; twelve months until today. */
export type FiguresOptions = NonNullable<GetFiguresData['query']> & { csv?: boolean };

export async function figures(
  connection: Connection,
  output: Output,
  { csv, ...asked }: FiguresOptions,
): Promise<void> {
  const client = await clientAs(connection, {});
  const found = await getFigures({ client, query: asked });
  output.result(found, () => (csv ? figuresCsv(found) : figuresText(found)));
}

/** The present state of each product. */
export async function figuresOverview(connection: Connection, output: Output): Promise<void> {
  const client = await clientAs(connection, {});
  const found = await getFiguresOverview({ client });
  output.result(found, () => overviewText(found));
}

/** Works on the database and Stripe directly, as it may take longer than a request. */
export async function figuresRebuild(env: CliEnv, output: Output): Promise<void> {
  const { place, processEnv } = await readOperationsEnv(env.home);
  if (!place) throw notRunning(env.home);
  const { stripe, name } = await stripeAccount(env);
  await migrate(place.databaseUrl);
  await withControlPlane(place.databaseUrl, async (database) => {
    output.progress(`Reading subscriptions, invoices and events of ${name}`);
    const rebuilt = await rebuildFigures(database, stripe, {
      originOf,
      graceMs: readFiguresEnv(processEnv).graceMs,
      warn: (about, message) => output.progress(`${message}: ${JSON.stringify(about)}`),
    });
    output.result(rebuilt, () => {
      const { subscriptions, invoices, events, added } = rebuilt;
      return `${subscriptions} subscriptions, ${invoices} invoices and ${events} events read; ${added} lines added.`;
    });
  });
}
