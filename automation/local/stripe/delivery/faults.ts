/** Faults that a person or a test asks for, decided per delivery from a seed so that a run can be repeated. */

export interface Faults {
  /** Rates from 0 to 1, each decided independently. */
  readonly duplicate: number;
  readonly reorder: number;
  readonly drop: number;
  /** Every delivery waits a random time up to this, in milliseconds of real time. */
  readonly delayMs: number;
  readonly seed: number;
}

export const noFaults: Faults = { duplicate: 0, reorder: 0, drop: 0, delayMs: 0, seed: 1 };

/** How long a delivery chosen for reordering waits at most, so that later ones overtake it. */
export const reorderWindowMs = 1000;

export interface Plan {
  readonly drop: boolean;
  /** The waits of the copies to send, in milliseconds; more than one when duplicated. */
  readonly waitsMs: readonly number[];
  /** What was done, for the delivery's record. */
  readonly names: readonly string[];
}

/** What happens to one delivery. `random` gives numbers in [0, 1). */
export function planDelivery(faults: Faults, random: () => number): Plan {
  // Draws all numbers whatever the rates are: changing one rate leaves the decisions of the others as they were.
  const [drop, duplicate, reorder, hold, holdCopy, delay] = [
    random(),
    random(),
    random(),
    random(),
    random(),
    random(),
  ];
  if (drop < faults.drop) return { drop: true, waitsMs: [], names: ['drop'] };
  const names: string[] = [];
  let waitMs = faults.delayMs * delay;
  if (faults.delayMs > 0) names.push('delay');
  if (reorder < faults.reorder) {
    waitMs += reorderWindowMs * hold;
    names.push('reorder');
  }
  if (duplicate >= faults.duplicate) return { drop: false, waitsMs: [waitMs], names };
  return {
    drop: false,
    waitsMs: [waitMs, waitMs + reorderWindowMs * holdCopy],
    names: [...names, 'duplicate'],
  };
}

/** The `n`th generator state of mulberry32, whose whole state is one integer and can be stored. */
export function seededRandom(state: number): { next: () => number; state: () => number } {
  let at = state >>> 0;
  return {
    next: () => {
      at = (at + 0x6d2b79f5) >>> 0;
      let t = at;
      t = Math.imul(t ^ (t >>> 15), t | 1);
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
      return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
    },
    state: () => at,
  };
}
