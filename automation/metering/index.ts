/** Usage: sampled and told, rolled up, reported to Stripe, shown. */
export { decimalOf, dollarsOf, microUnitsOf } from './amounts.ts';
export { findDimension, monthTakes, prices, toldAs } from './dimensions.ts';
export { meteringFollower } from './follower.ts';
export { type CountedEntitlement, countedEntitlements, sampledDimensions } from './limits.ts';
export { meteringWork } from './metering.ts';
export { reportUsage } from './report.ts';
export { csv, makeStatement, statementCsv, totalsCsv } from './statement.ts';
export { dayMs, dayOf, type Month, monthNamed, slotMs, slotOf, startOfDay } from './time.ts';
export { readUse, type UseProblem } from './told.ts';
export { cursorOf, forgetConsumers, listUnreportedUsage, type ToldSample, writeTold } from './usage.ts';
export { type UsageEvent, writeEvents } from './usage-events.ts';
export { ensureUsagePartitions } from './usage-roll-up.ts';
export {
  listDays,
  listGaps,
  listHours,
  listPlanDays,
  listSamples,
  listTopConsumers,
  listTotals,
  readMeteringState,
  readUsed,
  type TotalOrder,
  type UsageGap,
} from './usage-statement.ts';
