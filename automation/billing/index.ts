/** Customers' actions on their subscriptions, and the worker's handling of Stripe's events. */
export { cancelSubscription, cancelTimes, reactivateSubscription } from './cancel.ts';
export { changePlan, previewChange } from './change-plan.ts';
export { findInvoice, type Invoice, type InvoiceStatus, listInvoices, payInvoice } from './invoices.ts';
export { openPortal, portalFlows } from './portal.ts';
export { BillingRefusal } from './refusal.ts';
export { invoiceStatuses, subscriptionStatuses } from './statuses.ts';
export { billingWork } from './work.ts';
