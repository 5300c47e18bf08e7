/** The result of looking for a tenant in one area. */
export interface Sight {
  /** What was looked for, one line each. */
  readonly looked: readonly string[];
  /** How many places or kinds were examined. */
  readonly places: number;
  /** What was found, by name. */
  readonly remains: readonly string[];
  /** What was not or could not be examined, and why. */
  readonly notes: readonly string[];
}

/** For an area that this installation does not use. */
export function notInUse(why: string): Sight {
  return { looked: [], places: 0, remains: [], notes: [why] };
}
