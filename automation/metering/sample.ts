import { record } from '../store/audit.ts';
import type { Database } from '../store/database.ts';
import type { NamespaceUse, Observation } from './observe.ts';
import { dayMs, dayOf, slotMs, slotOf, slotSeconds } from './time.ts';
import {
  addConsumers,
  type ConsumerUse,
  insertRound,
  isSampled,
  listMeteredTenants,
  type MeteredTenant,
  maxSample,
  notePlans,
  type Sample,
  writeSamples,
} from './usage.ts';
import { ensureUsagePartitions } from './usage-roll-up.ts';

export type SampleOutcome =
  | 'sampled'
  | 'repeated'
  /** The observation took longer than a slot, so the time of its figures is unclear. */
  | 'too_late';

/**
 * Samples all tenants of a cell for the present slot, unless that has been done. Any number of samplers may run at once
 * and be stopped at any point: a slot counts once.
 * @throws when the cluster cannot say what it runs. The slot may be retried until it is over; then it is a gap
 */
export async function sampleCell(
  { database, observe, now }: { database: Database; observe: () => Promise<Observation>; now: () => Date },
  cell: string,
): Promise<SampleOutcome> {
  const begun = now();
  const slot = slotOf(begun);
  if (await isSampled(database, cell, slot)) return 'repeated';
  const seen = await observe();
  const tookMs = now().getTime() - begun.getTime();
  if (tookMs > slotMs) return 'too_late';
  // Tomorrow's partitions too, so that midnight need not wait.
  await ensureUsagePartitions(database, slot, new Date(slot.getTime() + dayMs));
  return database.transaction(async (client) => {
    const tenants = await listMeteredTenants(client, cell);
    const { source, pods } = seen;
    const round = await insertRound(client, { cell, slot, source, tenants: tenants.length, pods, tookMs });
    if (!round) return 'repeated';
    await writeSamples(
      client,
      slot,
      tenants.map((tenant) => sampleOf(tenant, seen.namespaces.get(tenant.namespace))),
    );
    await addConsumers(
      client,
      dayOf(slot),
      tenants.flatMap((tenant) => consumersOf(tenant, seen.namespaces.get(tenant.namespace))),
    );
    await notePlans(client, cell, dayOf(slot));
    const missing = round.previousSlot && slotsBetween(round.previousSlot, slot);
    if (round.previousSlot && missing)
      await record(client, {
        kind: 'usage.gap',
        message: `Nothing was measured in cell ${cell} for ${(missing * slotMs) / 60_000} minutes: nobody is charged for that use`,
        data: {
          cell,
          from: new Date(round.previousSlot.getTime() + slotMs).toISOString(),
          to: slot.toISOString(),
          samples: missing,
        },
        audience: 'operator',
      });
    return 'sampled';
  });
}

/** How many slots lie between two. */
export function slotsBetween(earlier: Date, later: Date): number {
  return Math.max(0, Math.round((later.getTime() - earlier.getTime()) / slotMs) - 1);
}

/** A tenant's sample; a namespace that is not in the cluster uses nothing. */
export function sampleOf({ id }: Pick<MeteredTenant, 'id'>, use: NamespaceUse | undefined): Sample {
  const stored = (value: number) => Math.min(maxSample, Math.round(value));
  return {
    tenantId: id,
    cpuMillis: stored(use?.cpuMillis ?? 0),
    memoryKb: stored((use?.memoryBytes ?? 0) / 1e3),
    storageMb: stored((use?.storageBytes ?? 0) / 1e6),
  };
}

/** Consumers within a tenant that count separately; the rest count as one. */
const mostConsumers = 20;
const otherConsumers = 'other';

/** Each consumer's use during a slot, largest first; those beyond the twentieth count together. */
export function consumersOf(
  { id }: Pick<MeteredTenant, 'id'>,
  use: NamespaceUse | undefined,
): readonly ConsumerUse[] {
  const largestFirst = [...(use?.consumers ?? [])]
    .filter(([name]) => name !== otherConsumers)
    .sort(([, a], [, b]) => b.cpuMillis - a.cpuMillis || b.memoryBytes - a.memoryBytes);
  const named = largestFirst.slice(0, mostConsumers);
  const rest = [
    ...largestFirst.slice(mostConsumers).map(([, amount]) => amount),
    ...[use?.consumers.get(otherConsumers) ?? []].flat(),
  ];
  const together = rest.reduce(
    (sum, amount) => ({
      cpuMillis: sum.cpuMillis + amount.cpuMillis,
      memoryBytes: sum.memoryBytes + amount.memoryBytes,
    }),
    { cpuMillis: 0, memoryBytes: 0 },
  );
  return [...named, ...(rest.length > 0 ? [[otherConsumers, together] as const] : [])].map(
    ([consumer, { cpuMillis, memoryBytes }]) => ({
      tenantId: id,
      consumer,
      cpuMilliSeconds: Math.round(cpuMillis * slotSeconds),
      memoryKbSeconds: Math.round((memoryBytes / 1e3) * slotSeconds),
    }),
  );
}
