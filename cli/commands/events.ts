/** `tenantry events <id>`: the audit trail, and with `--follow` what is added to it. */
import type { Entry } from '../api-types.ts';
import { apiAs, type Connection, type Identity } from '../connection.ts';
import { followTenant } from '../follow.ts';
import type { Output } from '../output.ts';
import { timelineLine, timelineText } from '../text/timeline.ts';
import { readTimeline } from './tenant.ts';

export interface EventsOptions extends Identity {
  follow?: boolean;
  /** Ends following; default never. */
  timeout?: number;
}

export async function events(
  connection: Connection,
  output: Output,
  id: string,
  options: EventsOptions,
): Promise<void> {
  const api = await apiAs(connection, options);
  const entries: Entry[] = await readTimeline(api, id);
  if (!options.follow) return output.result({ entries }, () => timelineText(entries));
  if (entries.length > 0) output.line(timelineText(entries));

  const ending = new AbortController();
  const end = () => ending.abort();
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
  const timer = options.timeout === undefined ? undefined : setTimeout(end, options.timeout * 1000);
  const happenings = followTenant(api, id, { after: entries.at(-1)?.id ?? 0, signal: ending.signal });
  for await (const happening of happenings) {
    if (happening.kind === 'entry') {
      entries.push(happening.entry);
      output.line(timelineLine(happening.entry));
    } else if (happening.tenant.phase === 'deleted') {
      output.progress('The tenant is deleted: nothing more will happen.');
      break;
    }
  }
  clearTimeout(timer);
  if (output.json) output.result({ entries }, () => '');
}
