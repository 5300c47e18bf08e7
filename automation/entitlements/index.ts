/** Says what a tenant may do now, and reserves uses before they begin. */
export { CheckProblem, type Refusal, type RefusalCode, UseRefused } from './refusal.ts';
export { listReservations, type Reservation } from './reservation-rows.ts';
export { type ProductChecks, type Remaining, type Reserved, reserveUse, type UseRequest } from './reserve.ts';
export { expireReservations, releaseUse, type Settled, settleUse } from './settle.ts';
export { type Entitlement, type Entitlements, readEntitlements, type Use } from './view.ts';
export { entitlementsWork } from './work.ts';
