/** What holds in a world at rest, whatever has happened in it. Reports every violated sentence. */
import type Stripe from 'stripe';
import { creditAllowance } from '../../automation/ledger/allowance.ts';
import { checkLedger } from '../../automation/ledger/read.ts';
import type { TenantSpec } from '../../tenants/spec.ts';
import type { Customer } from './customer.ts';
import type { Place } from './place.ts';

interface TenantRow {
  readonly id: string;
  readonly subscriptionId: string | null;
  readonly slot: boolean;
  readonly namespace: string;
  readonly state: 'active' | 'suspended' | 'deleted';
  readonly spec: TenantSpec;
  readonly settled: boolean;
  readonly phase: string;
  readonly deleteAfter: Date | null;
  readonly suspendReason: string | null;
  readonly cause: string | null;
}

interface SubscriptionRow {
  readonly id: string;
  readonly status: string;
  readonly product: string;
  readonly plan: string;
  readonly seats: number;
  readonly cancelAtPeriodEnd: boolean;
  readonly periodEnd: Date;
  readonly pastDueSince: Date | null;
}

/** Every disagreement, in sentences; empty when all agree. */
export async function disagreements(world: Place, customers: readonly Customer[]): Promise<string[]> {
  const { database, stripeClient: stripe } = world;
  const wrong: string[] = [...world.violations];
  const [subscriptions, invoices, tenants, rows] = await Promise.all([
    stripe.subscriptions.list({ status: 'all', limit: 100 }).autoPagingToArray({ limit: 10_000 }),
    stripe.invoices.list({ limit: 100 }).autoPagingToArray({ limit: 10_000 }),
    readTenants(world),
    readSubscriptions(world),
  ]);
  const invoicesOf = Map.groupBy(invoices, (invoice) => subscriptionOf(invoice));
  const tenantOf = new Map(
    tenants.flatMap((tenant) => (tenant.subscriptionId ? [[tenant.subscriptionId, tenant]] : [])),
  );
  const balances = await readBalances(world);

  for (const subscription of subscriptions) {
    const say = (text: string) => wrong.push(`${subscription.id} (${subscription.status}): ${text}`);
    const row = rows.get(subscription.id);
    if (!row) {
      say('nobody knows it');
      continue;
    }
    rowAgrees(subscription, row, say);
    const own = invoicesOf.get(subscription.id) ?? [];
    chargedOnce(own, say);
    const tenant = tenantOf.get(subscription.id);
    if (tenant)
      served(world, { subscription, row, tenant, invoices: own, balance: balances.get(tenant.id) }, say);
    else if (isServed(world, subscription, row)) say('it is paid for and has no tenant');
  }
  for (const { id, settled, state, phase, cause } of tenants)
    if (!settled) wrong.push(`${id}: it is wanted ${state} and is ${phase}: ${cause}`);
  wrong.push(...(await world.clusterDiffers(tenants)));
  for (const customer of customers)
    asAsked(customer, subscriptions, invoicesOf, (text) => wrong.push(`${customer.name}: ${text}`));
  wrong.push(...(await ledgerDisagreements(world, customers, invoices, tenants, subscriptions)));
  const open = await database.query(
    `select tenant_id from tenantry.lease where expires_at > clock_timestamp()`,
  );
  if (open.rows.length > 0) wrong.push(`${open.rows.length} leases are held although nobody works`);
  return wrong;
}

function rowAgrees(
  subscription: Stripe.Subscription,
  row: SubscriptionRow,
  say: (text: string) => void,
): void {
  const [item] = subscription.items.data;
  const stripeSays = [
    subscription.status,
    item?.price.lookup_key,
    item?.quantity,
    subscription.cancel_at_period_end,
    item?.current_period_end,
  ];
  const rowSays = [
    row.status,
    `tenantry:${row.product}:${row.plan}`,
    row.seats,
    row.cancelAtPeriodEnd,
    row.periodEnd.getTime() / 1000,
  ];
  if (stripeSays.join() !== rowSays.join()) say(`Stripe says ${stripeSays.join()}, we say ${rowSays.join()}`);
}

/** A period of a price is charged once, whatever was delivered, and no invoice takes more than it asks for. */
function chargedOnce(invoices: readonly Stripe.Invoice[], say: (text: string) => void): void {
  const periods = new Set<string>();
  for (const invoice of invoices) {
    if (invoice.status === 'void') continue;
    if (invoice.amount_paid > invoice.amount_due)
      say(`${invoice.id} took ${invoice.amount_paid} of ${invoice.amount_due}`);
    // A customer who changes from a free plan begins a period of their own making; see `asAsked`.
    if (invoice.billing_reason === 'subscription_update') continue;
    for (const line of invoice.lines.data) {
      if (line.parent?.subscription_item_details?.proration || line.amount <= 0) continue;
      const period = `${String(line.pricing?.price_details?.price)} ${line.period.start}`;
      if (periods.has(period)) say(`${period} was charged twice`);
      periods.add(period);
    }
  }
}

/** Paid for, or overdue within the grace. */
function isServed({ now, policy }: Place, { status }: Stripe.Subscription, row: SubscriptionRow): boolean {
  const overdueMs = row.pastDueSince ? now().getTime() - row.pastDueSince.getTime() : 0;
  return ['active', 'trialing'].includes(status) || (status === 'past_due' && overdueMs < policy.graceMs);
}

/** A tenant is what its subscription entitles to, and everything served was paid for. */
function served(
  world: Place,
  {
    subscription,
    row,
    tenant,
    invoices,
    balance,
  }: {
    subscription: Stripe.Subscription;
    row: SubscriptionRow;
    tenant: TenantRow;
    invoices: readonly Stripe.Invoice[];
    balance: { readonly available: number; readonly held: number } | undefined;
  },
  say: (text: string) => void,
): void {
  const now = world.now();
  const entitled =
    subscription.status === 'canceled'
      ? tenant.deleteAfter && tenant.deleteAfter > now
        ? 'suspended'
        : 'deleted'
      : isServed(world, subscription, row)
        ? 'active'
        : 'suspended';
  const onCredits = (creditAllowance(row.product, row.plan) ?? 0) > 0 && balance !== undefined;
  const expected =
    entitled === 'active' && onCredits && balance.available + balance.held === 0 ? 'suspended' : entitled;
  if (tenant.state !== expected) {
    say(`tenant ${tenant.id} is ${tenant.state} (${tenant.suspendReason}), which should be ${expected}`);
  }
  if (tenant.state !== 'deleted' && (tenant.spec.plan !== row.plan || tenant.spec.seats !== row.seats)) {
    say(
      `tenant ${tenant.id} has ${tenant.spec.plan} × ${tenant.spec.seats} instead of ${row.plan} × ${row.seats}`,
    );
  }
  if (tenant.state === 'active' && subscription.status === 'active') {
    const latest = invoices.find(({ status }) => status !== 'draft');
    if (latest && latest.status !== 'paid')
      say(`tenant ${tenant.id} is served, but ${latest.id} is ${latest.status}`);
  }
}

/** Each purchase is one subscription, and one that time has not ended is as its customer last asked for. */
function asAsked(
  customer: Customer,
  all: readonly Stripe.Subscription[],
  invoicesOf: ReadonlyMap<string, readonly Stripe.Invoice[]>,
  say: (text: string) => void,
): void {
  const own = all.filter(({ customer: id }) => id === customer.customerId);
  if (own.length !== customer.subscriptions.length) {
    say(`bought ${customer.subscriptions.length} subscriptions and has ${own.length}`);
  }
  for (const wish of customer.subscriptions) {
    const found = own.find(({ id }) => id === wish.id);
    if (!found) say(`${wish.id} is lost`);
    else if (wish.ended && found.status !== 'canceled')
      say(`${wish.id} was cancelled and is ${found.status}`);
    const changes = (invoicesOf.get(wish.id) ?? []).filter(
      ({ billing_reason: reason }) => reason === 'subscription_update',
    );
    if (changes.length > wish.changes)
      say(`${wish.id} was changed ${wish.changes} times and charged for ${changes.length}`);
    if (!found || found.status === 'canceled') continue;
    const [item] = found.items.data;
    const has = [item?.price.lookup_key, item?.quantity, found.cancel_at_period_end].join();
    const asked = [`tenantry:${wish.product}:${wish.plan}`, wish.seats, wish.cancelAtPeriodEnd].join();
    if (has !== asked) say(`asked for ${asked} and has ${has}`);
  }
}

async function ledgerDisagreements(
  { database }: Place,
  customers: readonly Customer[],
  invoices: readonly Stripe.Invoice[],
  tenants: readonly TenantRow[],
  subscriptions: readonly Stripe.Subscription[],
): Promise<string[]> {
  const wrong: string[] = [];
  const check = await checkLedger(database);
  if (check.total !== 0) wrong.push(`the ledger's accounts add up to ${check.total}`);
  if (check.wrong.length > 0) wrong.push(`accounts ${check.wrong} differ from their entries`);
  if (check.wrongHolds.length > 0) wrong.push(`the holds of ${check.wrongHolds} do not add up`);

  const { rows: entries } = await database.query<{
    tenant: string;
    kind: string;
    cause: string;
    amount: number;
  }>(
    `select tenant_id as tenant, case kind when 'overshoot' then 'capture' else kind end as kind,
       substr(cause, position(':' in cause) + 1) as cause, sum(amount)::bigint as amount
     from tenantry.ledger_entry where kind in ('grant', 'hold', 'capture', 'overshoot', 'top_up') group by 1, 2, 3`,
  );
  const booked = new Map(
    entries.map(({ tenant, kind, cause, amount }) => [`${tenant} ${kind} ${cause}`, amount]),
  );
  const told = new Set<string>();
  for (const { tenant, kind, cause, amount } of customers.flatMap(({ credits }) => credits)) {
    const key = `${tenant} ${kind} ${cause}`;
    told.add(key);
    if ((booked.get(key) ?? 0) !== amount)
      wrong.push(`${key} of ${amount} was told, ${booked.get(key)} is booked`);
  }
  const paid = new Map(
    invoices.filter(({ status }) => status === 'paid').map((invoice) => [invoice.id, invoice]),
  );
  for (const { tenant, kind, cause, amount } of entries) {
    if (kind !== 'grant') {
      if (!told.has(`${tenant} ${kind} ${cause}`))
        wrong.push(`${tenant} ${kind} ${cause} is booked and nobody was told`);
      continue;
    }
    const invoice = paid.get(cause.split(':')[1] ?? '');
    if (!invoice) wrong.push(`${tenant} was given ${amount} for ${cause}, which nobody paid`);
    else if (invoice.total < 0)
      wrong.push(`${tenant} was given ${amount} for ${cause}, which gave money back`);
  }
  // Whoever has paid for the present period has received its worth.
  const tenantOf = new Map(tenants.map((tenant) => [tenant.subscriptionId, tenant]));
  for (const subscription of subscriptions) {
    const tenant = tenantOf.get(subscription.id);
    const [item] = subscription.items.data;
    if (!tenant || !item || subscription.status !== 'active') continue;
    for (const invoice of paid.values()) {
      if (subscriptionOf(invoice) !== subscription.id) continue;
      for (const line of invoice.lines.data) {
        if (
          line.parent?.subscription_item_details?.proration ||
          line.period.start !== item.current_period_start
        )
          continue;
        if (line.amount < 4900 || tenant.spec.product !== 'browsers') continue;
        const given = booked.get(`${tenant.id} grant invoice:${invoice.id}`);
        if (given !== 5000) wrong.push(`${tenant.id} paid ${invoice.id} and was given ${given}`);
      }
    }
  }
  return wrong;
}

function subscriptionOf(invoice: Stripe.Invoice): string {
  const reference = invoice.parent?.subscription_details?.subscription;
  return typeof reference === 'string' ? reference : (reference?.id ?? '');
}

async function readTenants({ database }: Place): Promise<TenantRow[]> {
  const { rows } = await database.query<TenantRow>(
    `select id, subscription_id as "subscriptionId", slot, namespace, desired_state as state, desired_spec as spec, phase,
       observed_generation = desired_generation and phase = desired_state as settled, delete_after as "deleteAfter",
       suspend_reason as "suspendReason", cause
     from tenantry.tenant`,
  );
  return rows;
}

async function readSubscriptions({ database }: Place): Promise<Map<string, SubscriptionRow>> {
  const { rows } = await database.query<SubscriptionRow>(
    `select id, status, product, plan, seats, cancel_at_period_end as "cancelAtPeriodEnd",
       current_period_end as "periodEnd", past_due_since as "pastDueSince" from tenantry.subscription`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

async function readBalances({ database }: Place): Promise<Map<string, { available: number; held: number }>> {
  const { rows } = await database.query<{ id: string; available: number; held: number }>(
    `select t.id, tenantry.ledger_available(t.id, clock_timestamp()) as available, coalesce(held.balance, 0) as held
     from tenantry.tenant t left join tenantry.ledger_account held on held.tenant_id = t.id and held.kind = 'held'
     where exists (select from tenantry.ledger_account a where a.tenant_id = t.id and a.kind in ('plan', 'top_up'))`,
  );
  return new Map(rows.map(({ id, ...balance }) => [id, balance]));
}
