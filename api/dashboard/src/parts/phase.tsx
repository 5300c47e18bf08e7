import { sentence } from '../format.ts';
import type { Tone } from '../timeline.ts';
import type { Phase } from '../types.ts';

const tones: Readonly<Record<Phase, Tone>> = {
  pending: 'progress',
  provisioning: 'progress',
  active: 'good',
  updating: 'progress',
  suspending: 'warning',
  suspended: 'warning',
  deleting: 'warning',
  deleted: 'plain',
  failed: 'bad',
};

export function phaseTone(phase: Phase): Tone {
  return tones[phase] ?? 'plain';
}

/** True during work that the visitor may want to watch. */
export function isMoving(phase: Phase): boolean {
  return ['pending', 'provisioning', 'updating', 'suspending', 'deleting'].includes(phase);
}

/** True once there is something that may run. */
export function isProvisioned(phase: Phase): boolean {
  return ['active', 'updating', 'failed'].includes(phase);
}

export function PhaseBadge({ phase }: { phase: Phase }) {
  return (
    <span className={`badge tone-${phaseTone(phase)}${isMoving(phase) ? ' is-moving' : ''}`}>
      <span className="dot" aria-hidden="true" />
      {sentence(phase)}
    </span>
  );
}
