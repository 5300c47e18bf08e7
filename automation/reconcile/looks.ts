/**
 * Turns looks into findings. Pure.
 *
 * What one look sees is only `suspected`: for a moment a payment on its way or an operation that has just begun looks the
 * same. It counts once a second look sees it, or when it has certainly lasted longer than the grace period. Then it is
 * `healing`, or `waiting` for an operator to approve or dismiss it. It ends when a look no longer sees it, unless a job or a
 * person is working on it at that moment, because then not seeing it proves nothing.
 */
import { factsOf, type Kind, type Observation } from './kinds.ts';
import type { ReconcilePolicy } from './policy.ts';

export const findingStates = ['suspected', 'healing', 'waiting', 'approved', 'dismissed'] as const;
export type FindingState = (typeof findingStates)[number];

/** An open finding as the last look left it. */
export interface OpenFinding {
  readonly id: number;
  readonly key: string;
  readonly kind: Kind;
  readonly state: FindingState;
  readonly firstSeenAt: Date;
  readonly heals: number;
  readonly healedAt: Date | null;
  readonly decidedAt: Date | null;
  readonly tenantId: string | null;
  readonly subscriptionId: string | null;
}

export interface NewFinding {
  readonly observation: Observation;
  readonly state: FindingState;
  readonly firstSeenAt: Date;
}

export interface SeenFinding {
  readonly id: number;
  readonly observation: Observation;
  /** Its earlier state, so that a decision that an operator makes meanwhile stands. */
  readonly was: FindingState;
  readonly state: FindingState;
  /** True when it counts from this look on. */
  readonly isNews: boolean;
}

export interface LookOutcome {
  readonly added: readonly NewFinding[];
  readonly seen: readonly SeenFinding[];
  /** Findings that are gone; those that never counted are forgotten. */
  readonly ended: readonly { readonly id: number; readonly counted: boolean }[];
  /** Keys of what to heal now, oldest first. */
  readonly heal: readonly string[];
}

export interface LookOptions {
  readonly now: Date;
  /** False to report without healing. */
  readonly heals: boolean;
  readonly policy: ReconcilePolicy;
  /** True while a job or a person is working on the finding's subject, so that not seeing it proves nothing. */
  readonly isBusy: (finding: OpenFinding) => boolean;
}

export function takeLook(
  known: readonly OpenFinding[],
  observed: readonly Observation[],
  { now, heals, policy, isBusy }: LookOptions,
): LookOutcome {
  const byKey = new Map(known.map((finding) => [finding.key, finding]));
  const added: NewFinding[] = [];
  const seen: SeenFinding[] = [];
  const heal: { key: string; since: number }[] = [];
  const keys = new Set<string>();
  for (const observation of observed) {
    const { key, kind, since } = observation;
    if (keys.has(key)) continue;
    keys.add(key);
    const finding = byKey.get(key);
    if (!finding) {
      const counts = since !== null && now.getTime() - since.getTime() >= policy.graceMs;
      const state = counts ? firstState(kind) : 'suspected';
      added.push({ observation, state, firstSeenAt: now });
      if (state === 'healing') heal.push({ key, since: now.getTime() });
      continue;
    }
    const state = nextState(finding, now, policy);
    seen.push({
      id: finding.id,
      observation,
      was: finding.state,
      state,
      isNews: finding.state === 'suspected',
    });
    if (state === 'healing' && isDue(finding, now, policy))
      heal.push({ key, since: finding.firstSeenAt.getTime() });
  }
  return {
    added,
    seen,
    ended: known
      .filter((finding) => !keys.has(finding.key) && !isBusy(finding))
      .map(({ id, state }) => ({ id, counted: state !== 'suspected' })),
    heal: heals
      ? heal
          .sort((a, b) => a.since - b.since)
          .slice(0, policy.healsPerLook)
          .map(({ key }) => key)
      : [],
  };
}

function firstState(kind: Kind): FindingState {
  return factsOf(kind).heals === null ? 'waiting' : 'healing';
}

function nextState(finding: OpenFinding, now: Date, policy: ReconcilePolicy): FindingState {
  switch (finding.state) {
    case 'suspected':
      return firstState(finding.kind);
    case 'healing':
      return finding.heals >= policy.mostHeals && isDue(finding, now, policy) ? 'waiting' : 'healing';
    case 'approved':
      return now.getTime() - (finding.decidedAt?.getTime() ?? 0) > policy.approvalMs ? 'waiting' : 'approved';
    case 'waiting':
    case 'dismissed':
      return finding.state;
  }
}

/** True when it is time to try healing again. */
function isDue({ heals, healedAt }: OpenFinding, now: Date, { healAgainMs }: ReconcilePolicy): boolean {
  return healedAt === null || now.getTime() - healedAt.getTime() >= healAgainMs * 2 ** (heals - 1);
}
