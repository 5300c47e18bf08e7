/** What a tenant may do now, and uses that are reserved before they begin. */
export type { CheckRequest, CheckVerdict, ProductCheck, ProductChecks, Use } from './product-check.ts';
