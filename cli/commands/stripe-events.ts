/** `tenantry events replay`: handles Stripe's events again; `events alerts`: lists what they left for an operator. */

import {
  closeAlert,
  type EventSelection,
  listOpenAlerts,
  planReplay,
  replay,
} from '../../automation/billing/events/index.ts';
import { readOperationsEnv, withControlPlane } from '../../automation/dr/index.ts';
import type { CliEnv } from '../env.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes, notRunning } from '../problem.ts';
import { stripeAccount } from '../stripe-client.ts';
import { alertsText, replayText } from '../text/stripe-events.ts';

export interface ReplayOptions {
  readonly id?: string;
  readonly since?: Date;
  readonly type?: string;
  readonly failed?: boolean;
  readonly dryRun?: boolean;
}

/** Alerts that are shown. */
const mostAlerts = 1000;

async function databaseUrlOf(env: CliEnv): Promise<string> {
  const { place } = await readOperationsEnv(env.home);
  if (!place) throw notRunning(env.home);
  return place.databaseUrl;
}

export async function eventsReplay(env: CliEnv, output: Output, options: ReplayOptions): Promise<void> {
  const { dryRun = false, ...selection } = options;
  if (Object.keys(selection).length === 0) {
    throw new CliProblem(exitCodes.usage, 'usage', 'Say which events: --id, --since, --type or --failed.');
  }
  const chosen: EventSelection = selection;
  const databaseUrl = await databaseUrlOf(env);
  const { stripe } = await stripeAccount(env);
  await withControlPlane(databaseUrl, async (database) => {
    const plan = await planReplay(database, stripe, chosen, new Date());
    if (selection.id !== undefined && plan.stored.length + plan.missed.length === 0) {
      throw new CliProblem(
        exitCodes.notFound,
        'no_such_event',
        `Neither the inbox nor Stripe has an event ${selection.id}; Stripe keeps them for 30 days.`,
      );
    }
    if (!dryRun) await replay(database, plan);
    const stored = plan.stored.map(({ id, type, receivedAt, resolvedAt, problem }) => ({
      id,
      type,
      receivedAt,
      handledAt: resolvedAt,
      problem,
    }));
    const missed = plan.missed.map(({ id, type, createdAt }) => ({ id, type, createdAt }));
    output.result({ dryRun, isCut: plan.isCut, stored, missed }, () => replayText(plan, dryRun));
  });
}

export async function eventsAlerts(
  env: CliEnv,
  output: Output,
  { close }: { readonly close?: string },
): Promise<void> {
  await withControlPlane(await databaseUrlOf(env), async (database) => {
    if (close === undefined) {
      const alerts = await listOpenAlerts(database, mostAlerts);
      return output.result({ alerts }, () => alertsText(alerts));
    }
    const closed = await closeAlert(database, close);
    if (!closed) throw new CliProblem(exitCodes.notFound, 'no_such_alert', `No alert ${close} is open.`);
    output.result({ closed }, () => `Closed: ${closed.message}`);
  });
}
