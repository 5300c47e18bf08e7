/** `tenantry tenant <id>`: its state, the reason, its contents, and everything that happened to it in order. */
import { type Client, getTenant, getTimeline, type TimelineEntry } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantId } from '../tenant-id.ts';
import { tenantText } from '../text/tenants.ts';

export async function tenant(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const client = await clientAs(connection, identity);
  const found = await getTenant({ client, path: { id: tenantId(id) } });
  const timeline = await readTimeline(client, id);
  output.result({ ...found, timeline }, () => tenantText(found, timeline, Date.now()));
}

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
