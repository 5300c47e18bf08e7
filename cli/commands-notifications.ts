/** The commands for webhook endpoints and their deliveries. */
import { Option } from 'commander';
import { instant, person } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';
import { addListFlags } from './lists.ts';

export function addNotifications({ env, output, add }: Commands): void {
  const load = () => import('./commands/notifications.ts');
  const notifications = add('notifications', 'webhook endpoints, and the deliveries to them');
  const command = (usage: string, description: string) =>
    notifications
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .addOption(person());
  command('add <url>', 'send events to a URL; prints the secret that signs them, only now')
    .option('--tenant <tenant>', 'only events of this tenant')
    .option('--product <product>', 'only events of tenants of this product')
    .option('--events <type...>', 'only these types, such as tenant.suspended (every one)')
    .option('--description <text>', 'what it is for')
    .option('--email <address>', 'who gets a mail when it is disabled')
    .action(async (url, options) => (await load()).addEndpoint(await connect(env), output, url, options));
  addListFlags(command('list', 'list endpoints, newest first'), 'listNotificationEndpoints', 'all').action(
    async (options) => (await load()).listEndpoints(await connect(env), output, options),
  );
  command('remove <endpoint>', 'remove an endpoint and its log').action(async (endpoint, options) =>
    (await load()).removeEndpoint(await connect(env), output, endpoint, options),
  );
  command(
    'rotate <endpoint>',
    'give an endpoint a new secret and print it, only now; the old one still signs for 24 hours',
  ).action(async (endpoint, options) =>
    (await load()).rotateSecret(await connect(env), output, endpoint, options),
  );
  command('enable <endpoint>', 'enable a disabled endpoint again').action(async (endpoint, options) =>
    (await load()).enableEndpoint(await connect(env), output, endpoint, options),
  );
  command('test <endpoint>', 'send a test event to an endpoint and show its answer').action(
    async (endpoint, options) => (await load()).testEndpoint(await connect(env), output, endpoint, options),
  );
  addListFlags(command('log', 'list deliveries, newest first'), 'listNotifications', 50).action(
    async (options) => (await load()).showLog(await connect(env), output, options),
  );
  command('show <notification>', 'show a delivery with its event and every answer').action(
    async (notification, options) =>
      (await load()).showNotification(await connect(env), output, notification, options),
  );
  command('replay <endpoint> [event]', 'send an event again, or all undelivered events since a time')
    .addOption(
      new Option('--since <time>', 'events since then, such as 2026-11-21T09:30:00Z').argParser(instant),
    )
    .addOption(new Option('--until <time>', 'and before then').argParser(instant))
    .option('--delivered', 'delivered events, too')
    .action(async (endpoint, event, options) =>
      (await load()).replay(await connect(env), output, endpoint, event, options),
    );
}
