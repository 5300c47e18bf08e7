/** Lets the catalog write figures as `requirements.md` does. All results are safe integers. */

const kibi = 1024;

/** `Gi` of Kubernetes: 2^30 bytes. */
export const gibibytes = (count: number): number => integer(count * kibi ** 3);
export const mebibytes = (count: number): number => integer(count * kibi ** 2);
/** `Ti` of Kubernetes: 2^40 bytes. */
export const tebibytes = (count: number): number => integer(count * kibi ** 4);
/** GB as sold and as in `6.4 GB`: 10^9 bytes. */
export const gigabytes = (count: number): number => integer(count * 1e9);
export const cpus = (count: number): number => integer(count * 1000);

/** How many hours AWS counts for a month. */
export const hoursPerMonth = 730;

/** Dollars as US cents. */
export const cents = (dollars: number): number => integer(dollars * 100);
/** Dollars as micro-dollars. */
export const micros = (dollars: number): number => integer(dollars * 1e6);

/** A product of decimals differs from its integer by no more than a rounding error; more is a mistyped figure. */
function integer(value: number): number {
  const rounded = Math.round(value);
  if (!Number.isSafeInteger(rounded) || Math.abs(rounded - value) > 1e-6 * Math.max(1, Math.abs(value))) {
    throw new RangeError(`${value} is not a whole number of its unit`);
  }
  return rounded;
}
