/** Puts tenants into groups, so that one engine preview represents each group. Pure. */

import { losesData } from '../data-loss.ts';
import { type Effect, structureOf, withoutNames } from './effects.ts';
import type { FleetMember } from './members.ts';
import { digest, type Shape } from './shapes.ts';
import { standingOf } from './standing.ts';

/** Tenants of a shape with the same objects, counted, and those that can represent them. */
interface Stand {
  tenants: number;
  readonly candidates: Map<string, Candidate>;
}

/** A tenant that may represent others. Rank 0: settled and seen; 1: settled; 2: not settled. */
export interface Candidate {
  readonly id: string;
  readonly cell: string;
  readonly rank: number;
}

/** Counts the tenants of a shape. Keeps only a few ids, however many there are. */
export class ShapeTally {
  readonly shape: Shape;
  unsettled = 0;
  unseen = 0;
  readonly #seen = new Map<string, Stand>();
  readonly #others: Stand = { tenants: 0, candidates: new Map() };

  constructor(shape: Shape) {
    this.shape = shape;
  }

  add(member: FleetMember): void {
    const standing = standingOf(member);
    if (standing.kind === 'seen') {
      const stand = this.#seen.get(standing.digest) ?? { tenants: 0, candidates: new Map() };
      this.#seen.set(standing.digest, stand);
      count(stand, member, 0);
    } else if (standing.kind === 'unseen') {
      this.unseen += 1;
      count(this.#others, member, 1);
    } else {
      this.unsettled += 1;
      count(this.#others, member, 2);
    }
  }

  get tenants(): number {
    return this.usual.tenants + this.unusual.reduce((sum, { tenants }) => sum + tenants, 0);
  }

  /** Those that stand as most of the shape do, and those whose standing is unknown. */
  get usual(): { tenants: number; candidates: readonly Candidate[] } {
    const [most] = this.#ranked();
    const candidates = [...(most?.[1].candidates.values() ?? []), ...this.#others.candidates.values()];
    return { tenants: (most?.[1].tenants ?? 0) + this.#others.tenants, candidates };
  }

  /** Those that stand differently, with an entry for each standing. */
  get unusual(): readonly { tenants: number; candidates: readonly Candidate[]; standing: string }[] {
    return this.#ranked()
      .slice(1)
      .map(([standing, { tenants, candidates }]) => ({
        standing,
        tenants,
        candidates: [...candidates.values()],
      }));
  }

  #ranked(): [string, Stand][] {
    return [...this.#seen].sort(([a, one], [b, other]) => other.tenants - one.tenants || (a < b ? -1 : 1));
  }
}

/** Keeps the best candidate of each cell: settled ones before the rest, then the first. */
function count(stand: Stand, { id, cell, hasStack }: FleetMember, rank: number): void {
  stand.tenants += 1;
  if (!hasStack) return;
  const held = stand.candidates.get(cell);
  if (!held || rank < held.rank) stand.candidates.set(cell, { id, cell, rank });
}

/** Tenants on which a change has the same effect. */
export interface Group {
  readonly key: string;
  /** Without names of tenants, and without names of products and plans where it covers several. */
  readonly effect: Effect;
  readonly tenants: number;
  /** Largest number first. */
  readonly parts: readonly Part[];
  /** True when they stand differently from most tenants of their shape. */
  readonly unusual: boolean;
  /** How many members have an operation that is due, under way or failed. */
  readonly unsettled: number;
  /** How many members have not been compared with their cluster since their last operation. */
  readonly unseen: number;
  /** The tenants of each cell that may represent the group, best first. */
  readonly candidates: readonly Candidate[];
}

export interface Part {
  readonly product: string;
  readonly plan: string;
  readonly state: string;
  readonly tenants: number;
}

/** Groups shapes by effect, most serious and largest first. */
export function groupByEffect(
  shapes: readonly { readonly tally: ShapeTally; readonly effect: Effect }[],
): Group[] {
  const groups = new Map<string, Building>();
  const groupOf = (key: string, made: Pick<Building, 'own' | 'neutral' | 'unusual'>) => {
    const known = groups.get(key);
    if (known) return known;
    const group = { ...made, key, tenants: 0, unsettled: 0, unseen: 0, parts: [], candidates: [] };
    groups.set(key, group);
    return group;
  };
  for (const { tally, effect: own } of shapes) {
    const { product, plan } = tally.shape.spec;
    const neutral = withoutNames(own, [
      [product, '{product}'],
      [plan, '{plan}'],
    ]);
    const key = digest(neutral);
    const usual = groupOf(key, { own, neutral, unusual: false });
    addPart(usual, tally.shape, tally.usual);
    usual.unsettled += tally.unsettled;
    usual.unseen += tally.unseen;
    for (const stand of tally.unusual) {
      const group = groupOf(digest([key, tally.shape.key, stand.standing]), { own, neutral, unusual: true });
      addPart(group, tally.shape, stand);
    }
  }
  return [...groups.values()]
    .filter(({ tenants }) => tenants > 0)
    .map(finish)
    .sort(byGravity);
}

interface Building
  extends Omit<Group, 'effect' | 'parts' | 'candidates' | 'tenants' | 'unsettled' | 'unseen'> {
  readonly own: Effect;
  readonly neutral: Effect;
  tenants: number;
  unsettled: number;
  unseen: number;
  readonly parts: Part[];
  readonly candidates: (Candidate & { readonly of: number })[];
}

function addPart(
  group: Building,
  shape: Shape,
  { tenants, candidates }: { tenants: number; candidates: readonly Candidate[] },
): void {
  if (tenants === 0) return;
  const { product, plan, state } = shape.spec;
  group.tenants += tenants;
  const known = group.parts.findIndex(
    (part) => part.product === product && part.plan === plan && part.state === state,
  );
  const part = group.parts[known];
  if (part) group.parts[known] = { ...part, tenants: part.tenants + tenants };
  else group.parts.push({ product, plan, state, tenants });
  group.candidates.push(...candidates.map((candidate) => ({ ...candidate, of: tenants })));
}

function finish({ own, neutral, parts, candidates, ...group }: Building): Group {
  const products = new Set(parts.map(({ product }) => product));
  const plans = new Set(parts.map(({ plan }) => plan));
  return {
    ...group,
    effect: products.size > 1 || plans.size > 1 ? neutral : own,
    parts: parts.sort((a, b) => b.tenants - a.tenants),
    candidates: candidates
      .sort((a, b) => a.rank - b.rank || b.of - a.of)
      .map(({ id, cell, rank }) => ({ id, cell, rank })),
  };
}

function byGravity(a: Group, b: Group): number {
  const gravity = ({ effect }: Group) => gravityOf(effect);
  return (
    gravity(b) - gravity(a) ||
    b.tenants - a.tenants ||
    (structureOf(a.effect) < structureOf(b.effect) ? -1 : 1)
  );
}

/** 3: data is lost; 2: the program refuses the tenant; 1: something changes; 0: nothing does. */
export function gravityOf(effect: Effect): number {
  if (effect.kind === 'none') return 0;
  if (effect.kind === 'refused') return 2;
  return effect.steps.some(losesData) ? 3 : 1;
}
