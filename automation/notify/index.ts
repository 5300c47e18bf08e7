/** Outgoing webhooks: signed events, delivered at least once to every endpoint that wants them. */
export { type AddressRules, allowedAddresses, hostOf, RefusedAddress, urlProblem } from './address.ts';
export {
  type Endpoint,
  type EndpointScope,
  enableEndpoint,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  maxEndpoints,
  removeEndpoint,
  rotateSecret,
} from './endpoints.ts';
export { readNotifyEnv } from './env.ts';
export { chosenEventTypes, type EventData, type EventType, eventData, eventTypes } from './events.ts';
export { notifyFollower } from './follower.ts';
export {
  findDelivery,
  forgetAddresses,
  type LoggedAttempt,
  type LoggedDelivery,
  listDeliveries,
  maxReplayed,
  replay,
} from './log.ts';
export { emit, emitTest } from './outbox.ts';
export { keepNotifications, notificationsWork } from './work.ts';
