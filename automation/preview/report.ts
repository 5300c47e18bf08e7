/** The report on a change: everything that it does, and what blocks merging it. */
import type { Allowance } from './allowances.ts';
import { losesData } from './data-loss.ts';
import { headline, headlineOf } from './fleet/effects.ts';
import { type FleetReport, groupBlocks, groupLosesData, type PreviewedGroup } from './fleet/fleet.ts';
import type { PlatformStep } from './platform.ts';
import type { PlatformReport } from './platform-stacks.ts';

export interface PreviewReport {
  /** Short names of the versions that are compared. */
  readonly base: string;
  readonly head: string;
  /** Null when it was not requested. */
  readonly platform: PlatformReport | null;
  readonly fleet: FleetSection | null;
  /** Losses of data that somebody has allowed. */
  readonly allowed: readonly Allowance[];
  readonly durationMs: number;
}

export type FleetSection =
  | { readonly kind: 'previewed'; readonly source: 'installation' | 'sample'; readonly report: FleetReport }
  | { readonly kind: 'unavailable'; readonly why: string };

export interface Blocker {
  readonly message: string;
  /** The allowance that lifts it; null when only another change can. */
  readonly liftedBy: Allowance | null;
}

/** Lists everything that blocks merging, including what is allowed. */
export function blockersOf({ platform, fleet }: PreviewReport): Blocker[] {
  const blockers: Blocker[] = [];
  for (const stack of platform?.stacks ?? []) {
    if (stack.kind === 'failed')
      blockers.push({ message: `${stack.stack}: the preview failed`, liftedBy: null });
    if (stack.kind !== 'previewed') continue;
    const lost = stack.preview.steps.filter(losesData);
    if (lost.length === 0) continue;
    blockers.push({ message: `${stack.stack}: ${headlineOf(lost)}`, liftedBy: 'destructive' });
  }
  for (const stack of Object.keys(platform?.withoutBase ?? {}))
    blockers.push({
      message: `${stack}: the base cannot be previewed, so that nobody knows what is replaced or deleted`,
      liftedBy: 'destructive',
    });
  // Null when tenants were not requested.
  if (fleet?.kind === 'unavailable')
    blockers.push({ message: `the tenants were not looked at: ${fleet.why}`, liftedBy: null });
  for (const group of fleet?.kind === 'previewed' ? fleet.report.groups : []) {
    const tenants = countOf(group.tenants, 'tenant');
    if (groupLosesData(group))
      blockers.push({ message: `${tenants}: ${lossesOf(group)}`, liftedBy: 'destructive' });
    if (groupBlocks(group)) blockers.push({ message: `${tenants}: ${whyUncertain(group)}`, liftedBy: null });
  }
  return blockers;
}

/** Lists the blockers that are not allowed. */
export function openBlockers(report: PreviewReport): Blocker[] {
  return blockersOf(report).filter(({ liftedBy }) => liftedBy === null || !report.allowed.includes(liftedBy));
}

/** "volume replaced": the group's valuable losses, according to the program or the engine. */
function lossesOf({ effect, preview }: PreviewedGroup): string {
  const expected = effect.kind === 'steps' ? effect.steps.filter(losesData) : [];
  const seen = preview.kind === 'previewed' ? preview.steps.filter(losesData) : [];
  return headlineOf(seen.length >= expected.length ? seen : expected);
}

function whyUncertain({ effect, preview }: PreviewedGroup): string {
  if (effect.kind === 'refused') return `the program refuses them: ${effect.reason}`;
  if (preview.kind === 'failed') return 'the engine cannot make the change';
  return preview.kind === 'skipped' ? `not previewed, ${preview.why}` : headline(effect);
}

/** Sorts steps for reading: what loses data, what ends, what changes, what is new. */
export function byGravity<Step extends Pick<PlatformStep, 'op' | 'type'>>(steps: readonly Step[]): Step[] {
  const order = ['delete', 'replace', 'update', 'create'];
  const weight = (step: Step) =>
    (losesData(step) ? 0 : 10) + (order.includes(step.op) ? order.indexOf(step.op) : order.length);
  return [...steps].sort((a, b) => weight(a) - weight(b));
}

/** True for what a reader must see first: anything replaced or deleted. */
export function isDestructive({ op }: Pick<PlatformStep, 'op'>): boolean {
  return op === 'replace' || op === 'delete';
}

/** "3 volumes", "1 volume". */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`;
}
