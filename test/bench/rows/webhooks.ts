/** How fast webhooks are acknowledged under a steady load, and whether any is lost. */
import { planLookupKey } from '../../../tenants/catalog/index.ts';
import { deliver, pay, provision, purchases, sign, watchTenants } from '../customer.ts';
import type { Installation } from '../installation.ts';
import { megabytes, watchMemory } from '../memory.ts';
import { openLoop, type Request, startBareServer } from '../open-loop.ts';
import type { Row } from '../row.ts';
import { duration, summarize } from '../samples.ts';

const perSecond = 300;
const targetP99Ms = 50;
const targetMemoryBytes = 700e6;
const warmUpSeconds = 2;
const withTenants = 10;
const withoutTenants = 90;

export const webhooks: Row = {
  name: 'webhooks',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const watch = await watchTenants(installation);
    const known: EventDocument[] = [];
    for (const purchase of purchases(withTenants)) {
      const payment = await pay(installation, purchase);
      await provision(installation, watch, payment);
      known.push(...(payment.events as unknown as EventDocument[]));
    }
    for (const event of await unpaidSubscriptions(installation, withoutTenants)) {
      await deliver(installation, event);
      known.push(event);
    }
    await installation.untilQuiet();

    const seconds = quick ? 3 : 20;
    const events = mixedEvents(known, perSecond * (warmUpSeconds + seconds));
    // Written and signed in advance: that cost is Stripe's, and a slow sender would be a light load.
    const deliveries = events.map((event) => signed(installation, event));
    const warming = deliveries.slice(0, perSecond * warmUpSeconds);
    const measured = deliveries.slice(warming.length);
    const bare = await startBareServer();
    await openLoop(bare.url, warming, perSecond);
    const floor = await openLoop(bare.url, measured, perSecond).finally(bare.stop);
    const floorMs = summarize(floor.latencies);
    await openLoop(installation.endpoints.api, warming, perSecond);
    const memory = watchMemory(installation.processIds);
    const { latencies, refused, lateMs } = await openLoop(installation.endpoints.api, measured, perSecond);
    const peak = await memory.stop();
    const loadEnded = performance.now();
    const lost = await missing(installation, events);
    await installation.untilQuiet();
    const drainedMs = performance.now() - loadEnded;
    const acknowledged = summarize(latencies);
    say(`${measured.length} events: p99 ${duration(acknowledged.p99)}, ${lost.length} lost`);
    return [
      {
        figure: `webhook acknowledged at ${perSecond} events/s for ${seconds} s (p99), none lost`,
        measured: `${duration(acknowledged.p99)} (p50 ${duration(acknowledged.p50)}), ${lost.length} lost`,
        target: `${duration(targetP99Ms)}, 0 lost`,
        peer: `a server that only answers: ${duration(floorMs.p99)}`,
        met: acknowledged.p99 <= targetP99Ms && lost.length === 0 && refused === 0,
        notes: [
          `Open loop: ${measured.length} signed events sent when their time has come, whatever became of those before; latency counts from that time. ${refused} were not acknowledged. Sender and service were warmed up by ${warming.length} more, which count only as to loss.`,
          'The peer, a process that does nothing but answer the same deliveries, shows what machine and sender cost.',
          `The sender itself was at most ${duration(lateMs)} late. The worker did its work meanwhile and had nothing left after another ${duration(drainedMs)}.`,
          mixNote,
        ],
        samples: { acknowledged_ms: acknowledged, only_answered_ms: floorMs },
        values: { lost: lost.length, refused, sender_late_ms: lateMs, drained_ms: drainedMs },
      },
      {
        figure: 'memory of service, worker and runners at that load',
        measured: `${megabytes(peak.pssBytes)} MB (RSS ${megabytes(peak.rssBytes)} MB)`,
        target: `${megabytes(targetMemoryBytes)} MB`,
        peer: '-',
        met: peak.pssBytes <= targetMemoryBytes,
        notes: [
          `peak of the sums over up to ${peak.processes} processes; PSS counts a page that they share (Node itself) once, RSS once for each`,
        ],
        samples: {},
        values: { pss_bytes: peak.pssBytes, rss_bytes: peak.rssBytes, processes: peak.processes },
      },
    ];
  },
};

/** The part of Stripe's events that the mix changes. */
interface EventDocument {
  readonly id: string;
  readonly type: string;
  readonly data: { readonly object: { readonly id: string; readonly object: string } };
}

const mixNote = `Of 20 events 14 are updates of ${withTenants + withoutTenants} known subscriptions, of which ${withTenants} have tenants, 3 are paid invoices of tenants, 1 is a thin notification of such an invoice, 2 are of subscriptions that nobody knows.`;

/** Subscriptions that wait for a first payment, so that they are known and have no tenant; returns their events. */
async function unpaidSubscriptions({ stripe }: Installation, count: number): Promise<EventDocument[]> {
  const { data } = await stripe.prices.list({ lookup_keys: [planLookupKey('workspace', 'byoc')] });
  const price = data[0]?.id ?? '';
  const ids = new Set<string>();
  for (let made = 0; made < count; made += 1) {
    const customer = await stripe.customers.create({ email: `unpaid-${made}@example.com` });
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price }],
      payment_behavior: 'default_incomplete',
    });
    ids.add(subscription.id);
  }
  const events: EventDocument[] = [];
  for await (const event of stripe.events.list({ type: 'customer.subscription.created', limit: 100 })) {
    const document = event as unknown as EventDocument;
    if (ids.has(document.data.object.id)) events.push(document);
  }
  return events;
}

/** Events of the mix, each with an id of its own. */
function mixedEvents(known: readonly EventDocument[], count: number): EventDocument[] {
  const created = known.filter(({ type }) => type === 'customer.subscription.created');
  const invoices = known.filter(({ type }) => type === 'invoice.paid');
  const run = Date.now().toString(36);
  return Array.from({ length: count }, (_, index) => {
    const id = `evt_bench_${run}_${index}`;
    const kind = index % 20;
    if (kind === 19) {
      const { object } = pick(invoices, index).data;
      const related = { id: object.id, type: object.object, url: `/v1/invoices/${object.id}` };
      const thin = { id, object: 'v2.core.event', type: 'v1.invoice.paid', related_object: related };
      return thin as unknown as EventDocument;
    }
    if (kind >= 16) return { ...pick(invoices, index), id };
    const update = { ...pick(created, index), id, type: 'customer.subscription.updated' };
    if (kind >= 2) return update;
    return { ...update, data: { object: { ...update.data.object, id: `sub_bench_${run}_${index}` } } };
  });
}

function pick<T>(from: readonly T[], index: number): T {
  // Another one each time, also for a kind that comes at regular intervals.
  const item = from[(index + Math.floor(index / 20)) % from.length];
  if (item === undefined) throw new Error('there is no event of the kind');
  return item;
}

function signed(installation: Installation, event: EventDocument): Request {
  const body = JSON.stringify(event);
  return {
    method: 'POST',
    path: '/webhooks/stripe',
    expected: [200],
    body,
    headers: { 'content-type': 'application/json', 'stripe-signature': sign(installation, body) },
  };
}

/** Acknowledged ids that are not in the table of events. */
async function missing({ database }: Installation, events: readonly EventDocument[]): Promise<string[]> {
  const ids = events.map(({ id }) => id);
  const { rows } = await database.query<{ id: string }>(
    'select id from unnest($1::text[]) id except select id from tenantry.stripe_event',
    [ids],
  );
  return rows.map(({ id }) => id);
}
