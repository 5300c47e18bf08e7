/** `tenantry usage [tenant]`: the cost of a month, for one tenant or for all; `--by` shows its parts. */
import { type GetFleetUsageData, getFleetUsage, getStatement, getUsage } from '../../api/client/index.ts';
import { csv, statementCsv, totalsCsv } from '../../automation/metering/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { fleetText, statementText, stepsText } from '../text/usage.ts';

export interface UsageOptions extends Identity, ListOptions {
  /** `2026-11`; the present month when omitted. */
  month?: string;
  by?: 'sample' | 'hour' | 'day';
  csv?: boolean;
}

export async function usage(
  connection: Connection,
  output: Output,
  id: string | undefined,
  options: UsageOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const month = options.month === undefined ? {} : { month: options.month };
  if (id === undefined) {
    const fleet = await readList(
      output,
      { list: 'getFleetUsage', usual: 20, options },
      (query: QueryOf<GetFleetUsageData>) => getFleetUsage({ client, query: { ...query, ...month } }),
      (page) => page.tenants,
    );
    output.result(fleet, () =>
      (options.csv ? totalsCsv(fleet.month, fleet.tenants) : fleetText(fleet)).trimEnd(),
    );
    return;
  }
  const path = { id: tenantId(id) };
  if (options.by === undefined) {
    const statement = await getStatement({ client, path, query: month });
    output.result(statement, () =>
      (options.csv ? statementCsv(id, statement) : statementText(statement)).trimEnd(),
    );
    return;
  }
  const steps = await getUsage({
    client,
    path,
    query: { by: options.by, ...daysOf(options.month, new Date()) },
  });
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

/** The days of a month to request; up to today in the present one. */
function daysOf(month: string | undefined, now: Date): { from?: string; until?: string } {
  if (month === undefined) return {};
  const last = new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0));
  const until = last < now ? last : now;
  return { from: `${month}-01`, until: until.toISOString().slice(0, 10) };
}
