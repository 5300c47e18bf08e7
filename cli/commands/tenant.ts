/** `tenantry tenant <id>`: how it is, why, what it holds, and everything that happened to it in order. */
import { type ApiClient, tenantPath } from '../api-client.ts';
import { type Entry, entryList, tenant as tenantSchema } from '../api-types.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { tenantText } from '../text/tenants.ts';

export async function tenant(
  connection: Connection,
  output: Output,
  id: string,
  identity: Identity,
): Promise<void> {
  const api = await apiAs(connection, identity);
  const found = await api.get(tenantPath(id), tenantSchema);
  const timeline = await readTimeline(api, id);
  output.result({ ...found, timeline }, () => tenantText(found, timeline, Date.now()));
}

/** The whole audit trail that the caller may read, oldest first. */
export async function readTimeline(api: ApiClient, id: string): Promise<Entry[]> {
  const all: Entry[] = [];
  for (;;) {
    const path = `${tenantPath(id)}/timeline?after=${all.at(-1)?.id ?? 0}`;
    const { entries } = await api.get(path, entryList);
    if (entries.length === 0) return all;
    all.push(...entries);
  }
}
