import type { Json } from './client.ts';

const suffixes: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The API's maps from resources to quantities (`500m`, `1Gi`). */
const quantityMaps = new Set(['limits', 'requests', 'hard', 'capacity', 'allocatable', 'overhead']);
/** Such maps in the items of a LimitRange's `limits`. */
const limitMaps = new Set(['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio']);
/** Quantities outside of maps. */
const quantityFields = new Set(['emptyDir.sizeLimit', 'target.averageValue', 'target.value']);

/**
 * Whether two values mean the same to the API. It writes quantities in its own canonical form (`1000m` is `1`), and
 * the official provider keeps that form in state, so two spellings of a quantity are no difference.
 */
export function sameQuantity(path: readonly (string | number)[], a: Json, b: Json): boolean {
  if (!isQuantity(path)) return false;
  const [left, right] = [quantity(a), quantity(b)];
  return left !== null && right !== null && Math.abs(left - right) <= 1e-12 * Math.max(Math.abs(left), 1e-9);
}

function isQuantity(path: readonly (string | number)[]): boolean {
  const [list, item, parent, key] = [path.at(-4), path.at(-3), path.at(-2), path.at(-1)];
  if (typeof parent !== 'string') return false;
  if (quantityMaps.has(parent) || quantityFields.has(`${parent}.${key}`)) return true;
  return limitMaps.has(parent) && typeof item === 'number' && list === 'limits';
}

/** Numeric value of a quantity, or null when it is none. */
export function quantity(value: Json): number | null {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return null;
  const match =
    /^([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(?:e([+-]?\d+)|(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?)$/.exec(value);
  if (!match?.[1]) return null;
  const factor = match[2] === undefined ? suffixes[match[3] ?? ''] : 10 ** Number(match[2]);
  return factor === undefined ? null : Number(match[1]) * factor;
}
