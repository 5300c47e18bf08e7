/** `tenantry notifications`: where events are sent, and what became of them. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  addNotificationEndpoint,
  enableNotificationEndpoint,
  getNotification,
  type ListNotificationEndpointsData,
  type ListNotificationsData,
  listNotificationEndpoints,
  listNotifications,
  removeNotificationEndpoint,
  replayNotifications,
  rotateNotificationSecret,
  testNotificationEndpoint,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import { type ListOptions, type QueryOf, readList } from '../lists.ts';
import type { Output } from '../output.ts';
import { CliProblem, exitCodes } from '../problem.ts';
import { endpointsText, logText, notificationText, secretText } from '../text/notifications.ts';

type Added = NonNullable<Parameters<typeof addNotificationEndpoint>[0]['body']>;

export interface AddOptions extends Identity {
  tenant?: string;
  product?: string;
  events?: string[];
  description?: string;
  email?: string;
}

export async function addEndpoint(
  connection: Connection,
  output: Output,
  url: string,
  { as, events, ...rest }: AddOptions,
): Promise<void> {
  const client = await clientAs(connection, { as });
  const { tenant, product, description, email } = rest;
  const made = await addNotificationEndpoint({
    client,
    body: {
      url,
      ...(tenant !== undefined && { tenant }),
      ...(product !== undefined && { product }),
      ...(description !== undefined && { description }),
      ...(email !== undefined && { email }),
      // The service refuses a type that it does not know.
      ...(events !== undefined && { events: events as NonNullable<Added['events']> }),
    },
  });
  output.result(made, () => secretText(made));
}

export async function listEndpoints(
  connection: Connection,
  output: Output,
  options: Identity & ListOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listNotificationEndpoints', usual: 'all', options },
    (query: QueryOf<ListNotificationEndpointsData>) => listNotificationEndpoints({ client, query }),
    (page) => page.endpoints,
  );
  output.result(found, () => endpointsText(found.endpoints));
}

export async function removeEndpoint(
  connection: Connection,
  output: Output,
  id: string,
  { as }: Identity,
): Promise<void> {
  await removeNotificationEndpoint({ client: await clientAs(connection, { as }), path: { id } });
  output.result({ removed: id }, () => `${id} is gone: nothing more is sent to it.`);
}

export async function rotateSecret(
  connection: Connection,
  output: Output,
  id: string,
  { as }: Identity,
): Promise<void> {
  const rotated = await rotateNotificationSecret({
    client: await clientAs(connection, { as }),
    path: { id },
  });
  output.result(rotated, () => secretText(rotated));
}

export async function enableEndpoint(
  connection: Connection,
  output: Output,
  id: string,
  { as }: Identity,
): Promise<void> {
  const endpoint = await enableNotificationEndpoint({
    client: await clientAs(connection, { as }),
    path: { id },
  });
  output.result({ endpoint }, () => `${id} gets events again; replay sends what it missed.`);
}

const pollMs = 200;
/** Longer than the time that an endpoint has to answer. */
const patienceMs = 20_000;

/** Waits for the first answer; fails unless it counts as delivered. */
export async function testEndpoint(
  connection: Connection,
  output: Output,
  id: string,
  { as }: Identity,
): Promise<void> {
  const client = await clientAs(connection, { as });
  const { event } = await testNotificationEndpoint({ client, path: { id } });
  const deadlineMs = Date.now() + patienceMs;
  for (;;) {
    const { notifications } = await listNotifications({
      client,
      query: { endpoint: id, type: 'notifications.test' },
    });
    const sent = notifications.find((notification) => notification.event === event);
    if (sent && (sent.problem !== null || sent.state !== 'pending')) {
      if (sent.problem !== null) throw new CliProblem(exitCodes.failed, 'not_delivered', `${sent.problem}.`);
      return output.result(sent, () => `Delivered as ${event}; it answered ${sent.status}.`);
    }
    if (Date.now() > deadlineMs)
      throw new CliProblem(
        exitCodes.failed,
        'no_answer',
        `The event was not sent within ${patienceMs / 1000} s. Does a worker run there?`,
      );
    await delay(pollMs);
  }
}

export async function showLog(
  connection: Connection,
  output: Output,
  options: Identity & ListOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const found = await readList(
    output,
    { list: 'listNotifications', usual: 50, options },
    (query: QueryOf<ListNotificationsData>) => listNotifications({ client, query }),
    (page) => page.notifications,
  );
  output.result(found, () => logText(found.notifications));
}

export async function showNotification(
  connection: Connection,
  output: Output,
  id: string,
  { as }: Identity,
): Promise<void> {
  const notification = await getNotification({ client: await clientAs(connection, { as }), path: { id } });
  output.result(notification, () => notificationText(notification));
}

export interface ReplayOptions extends Identity {
  since?: Date;
  until?: Date;
  delivered?: boolean;
}

export async function replay(
  connection: Connection,
  output: Output,
  id: string,
  event: string | undefined,
  { as, since, until, delivered }: ReplayOptions,
): Promise<void> {
  if ((event === undefined) === (since === undefined))
    throw new CliProblem(exitCodes.usage, 'usage', 'Name one event, or say --since when.');
  const { events } = await replayNotifications({
    client: await clientAs(connection, { as }),
    path: { id },
    body: {
      ...(event !== undefined && { event }),
      ...(since !== undefined && { since: since.toISOString() }),
      ...(until !== undefined && { until: until.toISOString() }),
      ...(delivered !== undefined && { delivered }),
    },
  });
  output.result({ events }, () =>
    events === 0
      ? 'Nothing to send again.'
      : `${events} ${events === 1 ? 'event is' : 'events are'} sent again, under ${events === 1 ? 'its id' : 'their ids'}.`,
  );
}
