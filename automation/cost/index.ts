/** What a configuration costs, and what it earns. */
export type { BillLine } from './bill.ts';
export { stackConfiguration, UnknownStackError } from './configuration.ts';
export { type Estimate, estimate, type PlanMargin } from './estimate.ts';
export { type MeterMargin, meterMargins } from './meters.ts';
