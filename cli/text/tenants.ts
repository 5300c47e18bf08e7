/** Tenants as text. Pure. */
import type { Tenant, TimelineEntry } from '../../api/client/index.ts';
import { age, duration, fields, plain, table, time } from './table.ts';
import { timelineText } from './timeline.ts';

export function tenantsText(tenants: readonly Tenant[], nowMs: number): string {
  if (tenants.length === 0) return 'No tenants.';
  return table(
    ['TENANT', 'PRODUCT', 'PLAN', 'NAMESPACE', 'PHASE', 'RUNS', 'SUBSCRIPTION', 'AGE', 'WHY'],
    tenants.map((tenant) => [
      tenant.id,
      tenant.product,
      tenant.plan,
      tenant.namespace,
      tenant.phase,
      runsCell(tenant),
      tenant.subscription?.status ?? '-',
      age(tenant.requestedAt ?? tenant.createdAt, nowMs),
      tenant.reason?.message ?? whyNotRunning(tenant) ?? '',
    ]),
  );
}

/** Everything about one tenant, in the order in which people ask: its state, the reason, its contents, its history. */
export function tenantText(tenant: Tenant, entries: readonly TimelineEntry[], nowMs: number): string {
  const parts = [
    `${tenant.product} ${tenant.plan}, tenant ${tenant.id}: ${tenant.phase}`,
    ...whyText(tenant, nowMs),
    fields([
      ['namespace', tenant.namespace],
      ['slug', tenant.slug],
      ['plan', planText(tenant)],
      [
        'wanted',
        `${tenant.desired.state}, generation ${tenant.desired.generation}; reached ${tenant.observed.generation}`,
      ],
      ['owner', tenant.owner ?? 'nobody yet'],
      ['subscription', subscriptionText(tenant)],
      ['region', `${tenant.region} (cell ${tenant.cell})`],
      ['created', time(tenant.createdAt)],
      ['subscribed', tenant.requestedAt && time(tenant.requestedAt)],
      ['provisioned', activeText(tenant)],
      ['runs', runsText(tenant, nowMs)],
      ['data kept until', tenant.deleteAfter && time(tenant.deleteAfter)],
      ['service', tenant.outputs?.serviceUrl ?? null],
      ['database', databaseText(tenant)],
      ['objects', objectsText(tenant)],
    ]),
  ];
  return entries.length === 0 ? parts.join('\n') : [...parts, '', timelineText(entries)].join('\n');
}

/** `1/1` when it runs, else how many pods of how many are ready and why not more. */
function runsCell({ health }: Tenant): string {
  if (health === null || health.state === 'none_wanted') return '-';
  if (health.state === 'unknown') return 'unknown';
  const pods = `${health.ready ?? 0}/${health.wanted ?? '?'}`;
  return health.state === 'running' ? pods : `${pods} ${health.state}`;
}

function whyNotRunning({ health }: Tenant): string | null {
  return health === null || health.state === 'unknown' || health.state === 'none_wanted'
    ? null
    : health.message;
}

/** What runs of a tenant, which its phase does not say. */
export function runsText({ health }: Tenant, nowMs: number): string | null {
  if (health === null) return null;
  const { state, wanted, ready, sizes, since, lookedAt, message } = health;
  const why = message === null ? '' : ` ${plain(message)}`;
  if (state === 'none_wanted') return `nothing, and nothing should.${why}`;
  if (state === 'unknown')
    return `unknown.${why}${lookedAt === null ? '' : ` Last seen ${age(lookedAt, nowMs)} ago.`}`;
  const size = sizes.map(
    ({ cpuMillis, memoryBytes, pods }) =>
      `${pods} with ${cpuMillis / 1000} CPU and ${Math.round(memoryBytes / 2 ** 20)} MiB`,
  );
  const counts = `${ready ?? 0} of ${wanted ?? 'its'} pods ready${size.length > 0 ? ` (${size.join(', ')})` : ''}`;
  const lasting = since === null ? '' : `, for ${age(since, nowMs)}`;
  return state === 'running' ? `${counts}${lasting}` : `${counts}: ${state}${lasting}.${why}`;
}

/** Why the tenant is not in its desired state, and when the next try is. */
export function whyText({ phase, reason, nextTryAt, cause }: Tenant, nowMs: number): string[] {
  if (reason === null) return [];
  const verb = phase === 'failed' ? 'Failed' : phase === 'suspended' ? 'Suspended' : 'Waits';
  const next = nextTryAt === null ? '' : ` Next try ${until(nextTryAt, nowMs)}.`;
  return [
    `${verb}: ${plain(reason.message)} (${reason.code})${next}`,
    ...(cause == null || cause === reason.message ? [] : [`Cause: ${plain(cause)}`]),
  ];
}

function until(iso: string, nowMs: number): string {
  const leftMs = Date.parse(iso) - nowMs;
  return leftMs <= 0 ? 'now' : `in ${duration(leftMs)}`;
}

function planText({ plan, observed }: Tenant): string {
  return observed.plan === null || observed.plan === plan
    ? plan
    : `${plan} (has ${observed.plan} until it is changed)`;
}

function subscriptionText({ subscription }: Tenant): string {
  if (subscription === null) return 'none';
  const { id, status, currentPeriodEnd, cancelAtPeriodEnd } = subscription;
  const period =
    currentPeriodEnd === null || status === 'canceled'
      ? ''
      : `, ${cancelAtPeriodEnd ? 'ends' : 'renews'} ${currentPeriodEnd.slice(0, 10)}`;
  return `${id}, ${status}${period}`;
}

function activeText({ activeAt, requestedAt }: Tenant): string | null {
  if (activeAt === null) return null;
  const tookMs = requestedAt === null ? -1 : Date.parse(activeAt) - Date.parse(requestedAt);
  return tookMs < 0 ? time(activeAt) : `${time(activeAt)}, ${duration(tookMs)} after payment`;
}

function databaseText({ outputs }: Tenant): string | null {
  const database = outputs?.database;
  if (!database) return null;
  const where = database.name === null ? 'of the shared database' : `of database ${database.name}`;
  return `schema ${database.schema} ${where}, role ${database.role}`;
}

/** `14: Namespace, 3 NetworkPolicy, …`, in the order of creation. */
export function objectsText({ outputs }: Tenant): string | null {
  if (!outputs) return null;
  const counts = new Map<string, number>();
  for (const { kind } of outputs.objects) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts].map(([kind, count]) => (count === 1 ? kind : `${count} ${kind}`));
  return outputs.objects.length === 0 ? '0' : `${outputs.objects.length}: ${kinds.join(', ')}`;
}
