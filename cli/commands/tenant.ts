/** Commands about one tenant: `tenant` shows it, `entitlements` what it may do, `retry` tries it again now. */
import {
  type Client,
  getEntitlements,
  getTenant,
  getTimeline,
  retryTenant,
  type TimelineEntry,
} from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { entitlementsText } from '../text/entitlements.ts';
import { tenantText } from '../text/tenants.ts';

type Command = (connection: Connection, output: Output, id: string, identity: Identity) => Promise<void>;

export const tenant: Command = async (connection, output, id, identity) => {
  const client = await clientAs(connection, identity);
  const found = await getTenant({ client, path: { id: tenantId(id) } });
  const timeline = await readTimeline(client, id);
  output.result({ ...found, timeline }, () => tenantText(found, timeline, Date.now()));
};

export const entitlements: Command = async (connection, output, id, identity) => {
  const client = await clientAs(connection, identity);
  const found = await getEntitlements({ client, path: { id: tenantId(id) } });
  output.result(found, () => entitlementsText(found));
};

export const retry: Command = async (connection, output, id, identity) => {
  const client = await clientAs(connection, identity);
  const found = await retryTenant({ client, path: { id: tenantId(id) } });
  output.result(
    found,
    () => `Tenant ${found.id} is being tried again: npm run -s tenantry -- events ${found.id} --follow`,
  );
};

/** The whole audit trail that the caller may read, oldest first. */
export async function readTimeline(client: Client, id: string): Promise<TimelineEntry[]> {
  const all: TimelineEntry[] = [];
  for (;;) {
    const { entries } = await getTimeline({
      client,
      path: { id: tenantId(id) },
      query: { after: all.at(-1)?.id ?? 0, limit: 200 },
    });
    if (entries.length === 0) return all;
    all.push(...entries);
  }
}
