/** `tenantry cost`: what a cell of the platform costs in a month, and what each plan leaves. */
import { resolve } from 'node:path';
import {
  estimate,
  meterMargins,
  stackConfiguration,
  UnknownStackError,
} from '../../automation/cost/index.ts';
import { platform } from '../../tenants/catalog/index.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { costText } from '../text/cost.ts';

export interface CostOptions {
  readonly stack: string;
  /** The sizes in the requirements where omitted. */
  readonly tenants?: number;
  /** Also shows every line of the bill. */
  readonly bill?: boolean;
}

const projectDir = resolve(import.meta.dirname, '../..');

export async function cost(output: Output, { stack, tenants, bill }: CostOptions): Promise<void> {
  const config = await stackConfiguration(projectDir, stack).catch((error: unknown) => {
    if (error instanceof UnknownStackError) throw new CliProblem(exitCodes.usage, 'usage', error.message);
    throw error;
  });
  const sizes = tenants === undefined ? platform.monthlyCost.map((size) => size.tenants) : [tenants];
  const estimates = sizes.map((size) => estimate(config, size));
  const meters = meterMargins();
  output.result({ stack, currency: 'USD', estimates, meters }, () =>
    costText(stack, estimates, meters, bill ?? false),
  );
}
