/** `tenantry usage [tenant]`: what a month costs, of one tenant or of all; `--by` shows what it is made of. */
import { z } from 'zod';
import { csv, statementCsv, totalsCsv } from '../../automation/metering/statement.ts';
import { tenantPath } from '../api-client.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { fleetText, statementText, stepsText } from '../text/usage.ts';

export interface UsageOptions extends Identity {
  /** `2026-11`; the present one when left out. */
  month?: string;
  by?: 'sample' | 'hour' | 'day';
  csv?: boolean;
  /** Tenants to show; default 20. */
  limit?: number;
}

const section = z.enum(['subscription', 'compute', 'storage', 'other']);
const gaps = z.array(
  z.looseObject({ cell: z.string(), from: z.string(), until: z.string(), samples: z.number() }),
);
const statementSchema = z.looseObject({
  month: z.string(),
  lines: z.array(
    z.looseObject({
      section,
      id: z.string(),
      name: z.string(),
      quantity: z.string(),
      unit: z.string(),
      unitPriceMicros: z.number().nullable(),
      amountCents: z.number(),
    }),
  ),
  subscriptionCents: z.number(),
  computeCents: z.number(),
  storageCents: z.number(),
  otherCents: z.number(),
  totalCents: z.number(),
  topConsumers: z.array(
    z.looseObject({ consumer: z.string(), cpuHours: z.string(), memoryGbHours: z.string() }),
  ),
  gaps,
});
export type Statement = z.infer<typeof statementSchema>;

const fleetSchema = z.looseObject({
  month: z.string(),
  tenants: z.array(
    z.looseObject({
      tenant: z.string(),
      product: z.string(),
      slug: z.string(),
      subscriptionCents: z.number(),
      computeCents: z.number(),
      storageCents: z.number(),
      otherCents: z.number(),
      totalCents: z.number(),
    }),
  ),
  nextOffset: z.number().nullable(),
  metering: z.looseObject({
    cells: z.array(z.looseObject({ cell: z.string(), lastSample: z.string(), source: z.string() })),
    staleHours: z.number(),
    unreported: z.number(),
    oldestUnreportedDay: z.string().nullable(),
    overreported: z.number(),
  }),
  gaps,
});
export type FleetUsage = z.infer<typeof fleetSchema>;

const stepsSchema = z.looseObject({
  from: z.string(),
  until: z.string(),
  samples: z.array(z.record(z.string(), z.union([z.string(), z.number()]))).optional(),
  hours: z.array(z.record(z.string(), z.union([z.string(), z.number()]))).optional(),
  days: z.array(z.record(z.string(), z.union([z.string(), z.number()]))).optional(),
  gaps,
});
export type UsageSteps = z.infer<typeof stepsSchema>;

export async function usage(
  connection: Connection,
  output: Output,
  id: string | undefined,
  options: UsageOptions,
): Promise<void> {
  const api = await apiAs(connection, options);
  const month = options.month === undefined ? '' : `month=${options.month}`;
  if (id === undefined) {
    const limit = Math.min(options.limit ?? 20, 1000);
    const fleet = await api.get(`/v1/usage?limit=${limit}&${month}`, fleetSchema);
    output.result(fleet, () =>
      (options.csv ? totalsCsv(fleet.month, fleet.tenants) : fleetText(fleet)).trimEnd(),
    );
    return;
  }
  if (options.by === undefined) {
    const statement = await api.get(`${tenantPath(id)}/statement?${month}`, statementSchema);
    output.result(statement, () =>
      (options.csv ? statementCsv(id, statement) : statementText(statement)).trimEnd(),
    );
    return;
  }
  const steps = await api.get(
    `${tenantPath(id)}/usage?by=${options.by}&${daysOf(options.month, new Date())}`,
    stepsSchema,
  );
  const rows = steps.samples ?? steps.hours ?? steps.days ?? [];
  output.result(steps, () =>
    (options.csv
      ? csv(
          Object.keys(rows[0] ?? {}),
          rows.map((row) => Object.values(row)),
        )
      : stepsText(steps)
    ).trimEnd(),
  );
}

/** The days of a month as the service is asked for them; up to today in the present one. */
function daysOf(month: string | undefined, now: Date): string {
  if (month === undefined) return '';
  const last = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0));
  const until = last < now ? last : now;
  return `from=${month}-01&until=${until.toISOString().slice(0, 10)}`;
}
