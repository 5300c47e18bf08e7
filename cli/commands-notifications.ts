/** The commands for webhook endpoints and what was sent to them. */
import { Option } from 'commander';
import { instant, person, positiveInteger } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';

export function addNotifications({ env, output, add }: Commands): void {
  const load = () => import('./commands/notifications.ts');
  const notifications = add('notifications', 'webhooks: where events are sent, and what became of them');
  const command = (usage: string, description: string) =>
    notifications
      .command(usage)
      .description(description)
      .option('--json', 'print one JSON document')
      .addOption(person());
  command('add <url>', 'have events sent to a URL; prints the secret that signs them, this once')
    .option('--tenant <tenant>', 'only of this tenant')
    .option('--product <product>', 'only of tenants of this product')
    .option('--events <type...>', 'only these types, such as tenant.suspended (every one)')
    .option('--description <text>', 'what it is for')
    .option('--email <address>', 'who is told when it is disabled')
    .action(async (url, options) => (await load()).addEndpoint(await connect(env), output, url, options));
  command('list', 'list endpoints')
    .option('--tenant <tenant>', 'only those of this tenant')
    .action(async (options) => (await load()).listEndpoints(await connect(env), output, options));
  command('remove <endpoint>', 'send nothing more to an endpoint, and forget it with its log').action(
    async (endpoint, options) => (await load()).removeEndpoint(await connect(env), output, endpoint, options),
  );
  command(
    'rotate <endpoint>',
    'give an endpoint a new secret, and print it this once; the old one signs, too, for 24 hours',
  ).action(async (endpoint, options) =>
    (await load()).rotateSecret(await connect(env), output, endpoint, options),
  );
  command('enable <endpoint>', 'send events to an endpoint again that was disabled').action(
    async (endpoint, options) => (await load()).enableEndpoint(await connect(env), output, endpoint, options),
  );
  command('test <endpoint>', 'send a test event to an endpoint, and show what it answers').action(
    async (endpoint, options) => (await load()).testEndpoint(await connect(env), output, endpoint, options),
  );
  command('log', 'list what was sent, newest first')
    .option('--tenant <tenant>', 'only to endpoints of this tenant')
    .option('--endpoint <endpoint>', 'only to this endpoint')
    .addOption(
      new Option('--state <state>', 'only those in this state').choices(['pending', 'delivered', 'failed']),
    )
    .option('--type <type>', 'only events of this type')
    .option('--limit <n>', 'at most so many (50)', positiveInteger)
    .action(async (options) => (await load()).showLog(await connect(env), output, options));
  command('show <notification>', 'show what was sent, and every answer').action(
    async (notification, options) =>
      (await load()).showNotification(await connect(env), output, notification, options),
  );
  command('replay <endpoint> [event]', 'send one event again, or those since a time that were not delivered')
    .addOption(
      new Option('--since <time>', 'events since then, such as 2026-11-21T09:30:00Z').argParser(instant),
    )
    .addOption(new Option('--until <time>', 'and before then').argParser(instant))
    .option('--delivered', 'also those that were delivered')
    .action(async (endpoint, event, options) =>
      (await load()).replay(await connect(env), output, endpoint, event, options),
    );
}
