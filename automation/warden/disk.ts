/** Decides what follows from the disk that a tenant's place takes. Pure. */

export interface Standing {
  /** The tenant may not write. */
  readonly full: boolean;
  readonly toldPercent: number;
}

export interface Judgement extends Standing {
  /** The share of the limit that the tenant is to be told of now. */
  readonly notice: 80 | 100 | null;
}

/** The share of the limit, in percent, below which a full place takes writes again: not one row later. */
const roomAgainPercent = 95;
/** The share below which the tenant will be told again. */
const forgetsPercent = 75;

export function judgeUse(usedBytes: number, limitBytes: number, was: Standing): Judgement {
  const percent = (usedBytes / limitBytes) * 100;
  const full = percent >= (was.full ? roomAgainPercent : 100);
  const reached = percent >= 100 ? 100 : percent >= 80 ? 80 : 0;
  const kept = percent < forgetsPercent ? 0 : Math.min(was.toldPercent, full ? 100 : 80);
  return {
    full,
    toldPercent: Math.max(reached, kept),
    notice: reached > was.toldPercent || (reached === 100 && !was.full) ? reached || null : null,
  };
}
