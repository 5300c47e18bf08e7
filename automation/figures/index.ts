/** Business figures, computed from a log of the states of subscriptions. */
export { askFigures, lastDays } from './ask.ts';
export { readFiguresEnv } from './env.ts';
export { figuresFollower } from './follower.ts';
export { addCheckout } from './log.ts';
export { centsOf, microsPerCent } from './month.ts';
export { dayOf, movementKinds } from './movements.ts';
export { overviewOf } from './overview.ts';
export { booksNow, listCurrencies, type PlanRevenue, revenueAt } from './read.ts';
export { rebuildFigures } from './rebuild.ts';
export { type FiguresRow, groupings } from './report.ts';
export { figuresWork } from './work.ts';
