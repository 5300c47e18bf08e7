/** Credits, budgets, and the brake on tenants that have nothing left to spend. */
export { creditAllowance, creditRule } from './allowance.ts';
export { type LedgerOperation, type LedgerOutcome, type LedgerResult, operateLedger } from './book.ts';
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
export {
  type BudgetRow,
  listCosts,
  listDailyCosts,
  listReachedBudgets,
  readBudgets,
  withdrawCall,
} from './budget-rows.ts';
export {
  admitApiCost,
  changeBudget,
  countApiCost,
  reportSpend,
  reserveApiCost,
  settleApiCost,
} from './charge.ts';
export { ledgerFollower } from './follower.ts';
export type { Braked } from './means.ts';
export {
  type CreditBalance,
  checkLedger,
  type LedgerCheck,
  listEntries,
  listLots,
  readBalance,
} from './read.ts';
export { ledgerWork } from './work.ts';
export { createLedgerWriter } from './writer.ts';
