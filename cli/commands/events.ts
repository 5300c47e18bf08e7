/** `tenantry events <id>`: the audit trail, and with `--follow` new entries as they come. */
import { followTenant, type TimelineEntry } from '../../api/client/index.ts';
import { type Connection, clientAs, type Identity } from '../connection.ts';
import type { Output } from '../output.ts';
import { timelineLine, timelineText } from '../text/timeline.ts';
import { readTimeline } from './tenant.ts';

export interface EventsOptions extends Identity {
  follow?: boolean;
  /** Stops following; default never. */
  timeout?: number;
}

export async function events(
  connection: Connection,
  output: Output,
  id: string,
  options: EventsOptions,
): Promise<void> {
  const client = await clientAs(connection, options);
  const entries: TimelineEntry[] = await readTimeline(client, id);
  if (!options.follow) return output.result({ entries }, () => timelineText(entries));
  if (entries.length > 0) output.line(timelineText(entries));

  const ending = new AbortController();
  const end = () => ending.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const timer = options.timeout === undefined ? undefined : setTimeout(end, options.timeout * 1000);
  const happenings = followTenant(client, id, { after: entries.at(-1)?.id ?? 0, signal: ending.signal });
  for await (const happening of happenings) {
    if (happening.kind === 'entry') {
      entries.push(happening.entry);
      output.line(timelineLine(happening.entry));
    } else if (happening.kind === 'tenant' && happening.tenant.phase === 'deleted') {
      output.progress('The tenant is deleted: nothing more will happen.');
      break;
    }
  }
  clearTimeout(timer);
  if (output.json) output.result({ entries }, () => '');
}
