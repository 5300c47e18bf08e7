/** Finds what a change of the tenant program does to all existing tenants. */

import type { Database } from '../../store/database.ts';
import { losesData } from '../data-loss.ts';
import type { PlatformStep } from '../platform.ts';
import { type Group, gravityOf, groupByEffect } from './groups.ts';
import { countOutsideFleet, readFleet } from './members.ts';
import { type ShapeEffect, shapeEffects, type Versions } from './shape-effects.ts';

/** The engine's verdict on the tenant that represents a group. */
export type GroupPreview =
  | {
      readonly kind: 'previewed';
      readonly tenantId: string;
      readonly steps: readonly PlatformStep[];
      /** True when it changes exactly the resources in which the two versions of the program differ. */
      readonly asExpected: boolean;
      readonly durationMs: number;
    }
  | { readonly kind: 'failed'; readonly tenantId: string; readonly cause: string }
  | { readonly kind: 'skipped'; readonly why: string };

export interface PreviewedGroup extends Group {
  readonly preview: GroupPreview;
}

export interface FleetReport {
  readonly tenants: number;
  readonly shapes: number;
  /** Tenants that are being deleted or do not exist yet: the change does nothing to them. */
  readonly outside: { readonly deleting: number; readonly notStanding: number };
  /** Most serious first. */
  readonly groups: readonly PreviewedGroup[];
  readonly durationMs: number;
}

/** Asks an engine what it would do to a tenant. Changes nothing. */
export type PreviewTenant = (tenantId: string) => Promise<GroupPreview & { kind: 'previewed' | 'failed' }>;

export interface FleetOptions {
  readonly database: Database;
  readonly versions: Versions;
  /** Several may run at once. */
  readonly previewTenant: PreviewTenant;
  /** The cells that the engine reaches; null for all. A group without a tenant in one of them is not previewed. */
  readonly cells: readonly string[] | null;
  /** Previews at most this many groups, largest first; the others say that they were not previewed. */
  readonly maxPreviews: number;
  /** Concurrent previews. */
  readonly concurrency: number;
  readonly onProgress: (line: string) => void;
}

/** Takes some 40 s of engine time on two processors. */
export const defaultMaxPreviews = 60;

export async function previewFleet(options: FleetOptions): Promise<FleetReport> {
  const { database, versions, onProgress } = options;
  const startedAt = performance.now();
  const effects = await shapeEffects(() => readFleet(database), versions);
  const groups = groupByEffect(effects);
  onProgress(`${tenantsIn(effects)} tenants of ${effects.length} shapes in ${groups.length} groups`);
  const outside = await countOutsideFleet(database);
  const previewed = await previewGroups(groups, options);
  return {
    tenants: tenantsIn(effects),
    shapes: effects.length,
    outside,
    groups: previewed.sort(
      (a, b) =>
        Number(groupLosesData(b)) - Number(groupLosesData(a)) ||
        Number(groupBlocks(b)) - Number(groupBlocks(a)),
    ),
    durationMs: Math.round(performance.now() - startedAt),
  };
}

function tenantsIn(effects: readonly ShapeEffect[]): number {
  return effects.reduce((sum, { tally }) => sum + tally.tenants, 0);
}

async function previewGroups(groups: readonly Group[], options: FleetOptions): Promise<PreviewedGroup[]> {
  const waiting = groups.map((group, index) => ({ group, index }));
  const previewed: PreviewedGroup[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const { group, index } = next;
      previewed[index] = { ...group, preview: await previewGroup(group, index, options) };
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, work));
  return previewed;
}

async function previewGroup(group: Group, index: number, options: FleetOptions): Promise<GroupPreview> {
  if (group.effect.kind === 'refused') return { kind: 'skipped', why: 'the program refuses it' };
  if (index >= options.maxPreviews) {
    return { kind: 'skipped', why: `only ${options.maxPreviews} groups are previewed` };
  }
  const speaker = group.candidates.find(({ cell }) => options.cells === null || options.cells.includes(cell));
  if (!speaker) return { kind: 'skipped', why: 'none of its tenants is within reach' };
  options.onProgress(`previewing ${speaker.id} for ${group.tenants} tenants`);
  const preview = await options.previewTenant(speaker.id);
  return preview.kind === 'failed' ? preview : { ...preview, asExpected: isAsExpected(group, preview.steps) };
}

/** True when the engine would do exactly what the change of the program amounts to, to the same resources. */
function isAsExpected({ effect }: Group, steps: readonly PlatformStep[]): boolean {
  const neutral = (list: readonly { op: string; type: string }[]) =>
    list
      .map(({ op, type }) => `${op} ${type}`)
      .sort()
      .join();
  return neutral(effect.kind === 'steps' ? effect.steps : []) === neutral(steps);
}

/** True when the program or the engine says that the group's tenants would lose data. */
export function groupLosesData({ effect, preview }: PreviewedGroup): boolean {
  return gravityOf(effect) === 3 || (preview.kind === 'previewed' && preview.steps.some(losesData));
}

/** True when it is not certain that the change can be applied to the group. No label allows that. */
export function groupBlocks({ effect, preview }: PreviewedGroup): boolean {
  if (effect.kind === 'refused' || preview.kind === 'failed') return true;
  // A group that does not change need not be previewed.
  return preview.kind === 'skipped' && effect.kind !== 'none';
}
