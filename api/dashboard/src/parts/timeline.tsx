import { date, dateTime, duration } from '../format.ts';
import { type Episode, entryTone, episodes, type Step } from '../timeline.ts';
import type { Entry } from '../types.ts';

const links = {
  live: 'Live',
  connecting: 'Connecting',
  polling: 'Every 2 s',
  waiting: 'Reconnecting',
} as const;

interface Props {
  readonly entries: readonly Entry[];
  readonly link: keyof typeof links;
  /** Whether the newest episode is still under way. */
  readonly running: boolean;
}

/** The trail, newest episode first; inside an episode each step shows when it came and how long it took. */
export function Timeline({ entries, link, running }: Props) {
  const newestFirst = episodes(entries).toReversed();
  return (
    <section className="timeline" aria-labelledby="timeline-title">
      <header>
        <h2 id="timeline-title">Timeline</h2>
        <span className={`link-state is-${link}`} role="status">
          <span className="dot" aria-hidden="true" />
          {links[link]}
        </span>
      </header>
      {newestFirst.length === 0 && <p className="quiet">Nothing has happened yet.</p>}
      {newestFirst.map((episode, index) => (
        <EpisodeList key={episode.steps[0]?.entry.id} episode={episode} running={running && index === 0} />
      ))}
    </section>
  );
}

function EpisodeList({ episode, running }: { episode: Episode; running: boolean }) {
  return (
    <div className="episode">
      <h3>
        <time dateTime={episode.startedAt}>{dateTime(episode.startedAt)}</time>
        {episode.steps.length > 1 && !running && (
          <span className="quiet"> took {duration(episode.durationMs)}</span>
        )}
      </h3>
      <ol>
        {episode.steps.map((step) => (
          <StepRow key={step.entry.id} step={step} ofMs={episode.durationMs} />
        ))}
      </ol>
    </div>
  );
}

function StepRow({ step, ofMs }: { step: Step; ofMs: number }) {
  const { entry, offsetMs, tookMs } = step;
  return (
    <li className={`step tone-${entryTone(entry.kind)}`} data-kind={entry.kind}>
      <time className="step-at" dateTime={entry.at} title={`${date(entry.at)} ${entry.at}`}>
        {offsetMs === 0 ? '0.00 s' : duration(offsetMs)}
      </time>
      <span className="dot" aria-hidden="true" />
      <span className="step-text">
        {entry.message} <span className="step-kind">{entry.kind}</span>
      </span>
      <Span fromMs={offsetMs - tookMs} tookMs={tookMs} ofMs={ofMs} />
    </li>
  );
}

/** Where in the episode the time before this step falls. */
function Span({ fromMs, tookMs, ofMs }: { fromMs: number; tookMs: number; ofMs: number }) {
  const scale = ofMs === 0 ? 0 : 100 / ofMs;
  return (
    <svg className="span" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect className="span-rail" x="0" y="2.5" width="100" height="1" />
      <rect className="span-fill" x={fromMs * scale} y="0" width={Math.max(0.8, tookMs * scale)} height="6" />
    </svg>
  );
}
