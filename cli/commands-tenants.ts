/** The commands for tenants. */
import { type Command, Option } from 'commander';
import { instant, person, positiveInteger, timeout } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';
import { addListFlags } from './lists.ts';

export function addTenants({ env, output, add }: Commands): void {
  add('products', 'list products and plans').action(async () =>
    (await import('./commands/products.ts')).products(await connect(env), output),
  );
  add('subscribe <product> <plan>', 'subscribe, pay and wait until the tenant is active')
    .addOption(person('the person who subscribes').default('you@example.com'))
    .option('--slug <name>', 'public name of the tenant, for products that have one')
    .option('--seats <n>', 'seats, for plans sold by the seat', positiveInteger)
    .option('--region <region>', 'where the tenant should be (the home region)')
    .option('--trial', "begin with the plan's free trial")
    .option('--code <code>', 'a promotion code')
    .option('--decline', 'pay with a card that is declined (simulated payments only)')
    .option('--no-wait', 'return once paid')
    .addOption(timeout('give up waiting after this many seconds (120; 900 where a person pays)'))
    .action(async (product, plan, options) =>
      (await import('./commands/subscribe.ts')).subscribe(await connect(env), output, product, plan, options),
    );
  add('cancel <tenant>', "end a tenant's subscription")
    .option('--now', 'at once instead of at the end of the paid period')
    .option('--yes', 'do not ask for confirmation')
    .option('--wait', 'wait until the tenant is suspended or deleted')
    .addOption(timeout('give up waiting after this many seconds (120)'))
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/cancel.ts')).cancel(await connect(env), output, tenant, options),
    );
  addListFlags(add('tenants', 'list tenants, newest first'), 'listTenants', 50)
    .addOption(person())
    .action(async (options) =>
      (await import('./commands/tenants.ts')).tenants(await connect(env), output, options),
    );
  add('tenant <tenant>', 'show one tenant: state, why it waits, outputs, timeline')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/tenant.ts')).tenant(await connect(env), output, tenant, options),
    );
  const events = add('events <tenant>', "show a tenant's timeline")
    .option('--follow', 'keep showing what happens, until Ctrl-C')
    .addOption(timeout('stop following after this many seconds'))
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/events.ts')).events(await connect(env), output, tenant, options),
    );
  addStripeEvents({ env, output }, events);
  add('retry <tenant>', 'retry a tenant that failed or waits, now')
    .addOption(person())
    .action(async (tenant, options) =>
      (await import('./commands/tenant.ts')).retry(await connect(env), output, tenant, options),
    );
}

function addStripeEvents({ env, output }: Pick<Commands, 'env' | 'output'>, events: Command): void {
  events
    .command('replay')
    .description("handle Stripe's events again: those in the inbox, and those that never came, from Stripe")
    .option('--json', 'print one JSON document')
    .option('--id <event>', 'this one')
    .addOption(
      new Option('--since <time>', 'those since then, such as 2026-11-21T09:30:00Z').argParser(instant),
    )
    .option('--type <type>', 'only those of this type; invoice.* matches every type below invoice.')
    .option('--failed', 'only those that failed')
    .option('--dry-run', 'only show them')
    .action(async (options) =>
      (await import('./commands/stripe-events.ts')).eventsReplay(env, output, options),
    );
  events
    .command('alerts')
    .description("list what Stripe's events left for an operator to do")
    .option('--json', 'print one JSON document')
    .option('--close <alert>', 'end this one')
    .action(async (options) =>
      (await import('./commands/stripe-events.ts')).eventsAlerts(env, output, options),
    );
}
