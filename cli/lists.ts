/** For commands that list: each filter of a list becomes a flag of the same name, and one function reads the pages. */
import { type Command, Option } from 'commander';
import { invoiceStatuses } from '../automation/billing/statuses.ts';
import { phases } from '../automation/store/tenants.ts';
import { positiveInteger } from './arguments.ts';
import type { Output } from './output.ts';

/**
 * The filters that commands offer, by operation of the API, with their values where these are few. An empty list leaves
 * it to the service to refuse a wrong value.
 */
export const listFlags = {
  listTenants: { q: [], phase: phases, product: [], plan: [] },
  listOffboardings: { q: [], state: ['open', 'finished'], phase: phases, product: [], plan: [] },
  listNotificationEndpoints: { q: [], tenant: [], product: [], state: ['enabled', 'disabled'] },
  listNotifications: {
    q: [],
    tenant: [],
    product: [],
    endpoint: [],
    state: ['pending', 'delivered', 'failed'],
    type: [],
  },
  listKeys: {
    q: [],
    tenant: [],
    product: [],
    kind: ['person', 'tenant', 'service'],
    scope: [],
    state: ['live', 'expired'],
  },
  listOrganizations: { q: [], role: ['admin', 'viewer'] },
  listInvoices: { organization: [], status: invoiceStatuses },
  getCredits: { q: [], kind: [] },
  getFleetUsage: { q: [], product: [], plan: [] },
} as const satisfies Readonly<Record<string, Partial<Readonly<Record<Flag, readonly string[]>>>>>;
export type List = keyof typeof listFlags;
type Flag = keyof typeof descriptions;

const descriptions = {
  q: 'only what matches this text',
  endpoint: 'only those to this endpoint',
  kind: 'only those of this kind',
  organization: 'only those of this organization',
  phase: 'only those in this phase',
  plan: 'only those on this plan',
  product: 'only those of this product',
  role: 'only those with this role',
  scope: 'only those with this scope',
  state: 'only those in this state',
  status: 'only those of this status',
  tenant: 'only those of this tenant',
  type: 'only those for events of this type',
} as const;

/** @param usual how many rows are listed by default */
export function addListFlags(command: Command, list: List, usual: number | 'all'): Command {
  for (const [name, values] of Object.entries(listFlags[list]) as [Flag, readonly string[]][]) {
    const option = new Option(`--${name} <${name}>`, descriptions[name]);
    command.addOption(values.length > 0 ? option.choices(values) : option);
  }
  command
    .option('--sort <key>', 'sort by this; a - before it sorts downwards')
    .option('--limit <n>', `show at most this many (${usual})`, positiveInteger);
  return usual === 'all' ? command : command.option('--all', 'every one');
}

/** The flags of a list as typed. */
export interface ListOptions extends Partial<Readonly<Record<Flag, string>>> {
  sort?: string;
  limit?: number;
  all?: boolean;
}

/** The query of an operation, as the client has it. */
export type QueryOf<Data extends { query?: unknown }> = NonNullable<Data['query']>;

/** The service's largest page. */
const pageSize = 200;

/**
 * Reads as many pages of a list as it takes, and says when the list has more rows than were asked for.
 * @param read reads one page; its query has the values as typed, and the service refuses wrong ones
 * @returns the first page, with the rows of all pages
 */
export async function readList<Query, Page extends { nextCursor: string | null }, Row>(
  output: Output,
  { list, usual, options }: { list: List; usual: number | 'all'; options: ListOptions },
  read: (query: Query) => Promise<Page>,
  rowsOf: (page: Page) => Row[],
): Promise<Page> {
  const given = Object.entries(options).filter(
    ([name]) => name === 'sort' || Object.hasOwn(listFlags[list], name),
  );
  const wanted = options.limit ?? (options.all || usual === 'all' ? Number.POSITIVE_INFINITY : usual);
  const next = (shown: number, cursor: string | null) =>
    read({
      ...Object.fromEntries(given),
      limit: Math.min(pageSize, wanted - shown),
      ...(cursor !== null && { cursor }),
    } as Query);
  const found = await next(0, null);
  const rows = rowsOf(found);
  while (found.nextCursor !== null && rows.length < wanted) {
    const page = await next(rows.length, found.nextCursor);
    rows.push(...rowsOf(page));
    found.nextCursor = page.nextCursor;
  }
  if (found.nextCursor !== null)
    output.progress(`More than ${rows.length}: --limit <n>${usual === 'all' ? '' : ' or --all'} shows them.`);
  return found;
}
