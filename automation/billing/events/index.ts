/** Stripe's events: receiving them, what they mean, and what operators do with them. */
export { createInbox } from './inbox.ts';
export { closeAlert, listOpenAlerts, type StoredNotice } from './notices-rows.ts';
export { NoStripeEvent, readEvent } from './read-event.ts';
export { type ReceivedEvent, rehearseReceiving } from './received-events.ts';
export { planReplay, type ReplayPlan, replay } from './replay.ts';
export type { EventSelection } from './stored-events.ts';
