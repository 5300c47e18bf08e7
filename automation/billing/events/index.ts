/** Stripe's events: receives them, knows what they mean, and lets operators handle them again. */
export { createInbox } from './inbox.ts';
export { closeAlert, listOpenAlerts, type StoredNotice } from './notices-rows.ts';
export { NoStripeEvent, readEvent } from './read-event.ts';
export { type ReceivedEvent, rehearseReceiving } from './received-events.ts';
export { planReplay, type ReplayPlan, replay } from './replay.ts';
export type { EventSelection } from './stored-events.ts';
