import { dateTime } from '../format.ts';
import type { Tone } from '../timeline.ts';
import type { Health, Tenant } from '../types.ts';
import { isProvisioned } from './phase.tsx';

const names: Readonly<Record<Health['state'], string>> = {
  running: 'Running',
  none_wanted: 'Idle',
  starting: 'Starting',
  image: 'No image',
  quota: 'Over quota',
  refused: 'Refused',
  crash: 'Crashing',
  unschedulable: 'No room',
  unknown: 'Not watched',
};

const tones: Readonly<Partial<Record<Health['state'], Tone>>> = {
  running: 'good',
  none_wanted: 'plain',
  starting: 'progress',
  unknown: 'warning',
};

/** What runs, beside the phase, which says what was provisioned. */
export function HealthBadge({ health }: { health: Health | null }) {
  if (health === null) return null;
  const { state, wanted, ready } = health;
  const counts = wanted !== null && wanted > 0 && (state !== 'running' || wanted > 1);
  return (
    <span className={`badge tone-${tones[state] ?? 'bad'}`} data-health={state}>
      <span className="dot" aria-hidden="true" />
      {names[state] ?? state}
      {counts && ` ${ready ?? 0} of ${wanted}`}
    </span>
  );
}

/** For one line; null where nothing is known to be wrong. */
export function whyNotRunning({ health, phase }: Tenant): string | null {
  if (health === null || !isProvisioned(phase)) return null;
  return health.state === 'unknown' || health.state === 'none_wanted' ? null : health.message;
}

/** Says why fewer pods are ready than are wanted. */
export function HealthNote({ health }: { health: Health | null }) {
  if (health === null || health.state === 'running' || health.state === 'none_wanted') return null;
  const isUnknown = health.state === 'unknown';
  return (
    <div
      className={`note ${isUnknown || (health.ready ?? 0) > 0 ? 'note-warning' : 'note-bad'}`}
      role="status"
    >
      <div className="note-text">
        <p className="note-title">{titleOf(health)}</p>
        <p>{health.message}</p>
        {isUnknown && health.lookedAt !== null && <p>Last seen at {dateTime(health.lookedAt)}.</p>}
        {!isUnknown && health.since !== null && <p>Since {dateTime(health.since)}.</p>}
      </div>
    </div>
  );
}

function titleOf({ state, ready, wanted }: Health): string {
  if (state === 'unknown') return 'Whether it runs is not known';
  return ready === null || ready === 0
    ? 'It is provisioned, and nothing of it runs'
    : `${ready} of ${wanted} pods run`;
}
