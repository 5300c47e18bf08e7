/** Credits, budgets, and the brake that they put on a tenant. */
export { creditAllowance } from './allowance.ts';
export type { LedgerOperation, LedgerOutcome, LedgerResult } from './book.ts';
export { readBrake } from './brake-rows.ts';
export {
  alertPercents,
  callsKeptDays,
  dollars,
  effectiveLimit,
  maxLimitMicros,
  monthOf,
  planBudgetMicros,
} from './budget.ts';
export { listCosts, listDailyCosts, readBudgets } from './budget-rows.ts';
export { changeBudget, reportSpend, reserveApiCost, settleApiCost } from './charge.ts';
export { ledgerFollower } from './follower.ts';
export type { Braked } from './means.ts';
export { checkLedger, type LedgerCheck, listEntries, listLots, readBalance } from './read.ts';
export { ledgerWork } from './work.ts';
export { createLedgerWriter } from './writer.ts';
