import type { EntitlementValue, Plan } from './types.ts';

/** Formats figures for the page. */

const binaryUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;
const decimalUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1500` USD is `$15`, `1550` is `$15.50`. */
export function money(cents: number, currency = 'usd'): string {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: cents % 100 === 0 ? 0 : 2,
  }).format(cents / 100);
}

/** A price in millionths of the currency, with all its digits below a cent: `2107` is `$0.002107`. */
export function unitMoney(micros: number, currency = 'usd'): string {
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: currency.toUpperCase(),
    minimumFractionDigits: 2,
    maximumFractionDigits: 6,
  }).format(micros / 1_000_000);
}

/** An amount in millionths of the currency, in whole cents: `8333333` USD is `$8.33`. */
export function microMoney(micros: number, currency = 'usd'): string {
  return money(Math.round(micros / 10_000), currency);
}

/** A share of 1: `0.0312` is `3.1 %`; unknown is a dash. */
export function percent(rate: number | null): string {
  return rate === null ? '–' : `${decimal(rate * 100, 1)} %`;
}

/** In the units the size was given in: whole mebibytes read `4 GiB`, anything else `6.4 GB`. */
export function bytes(size: number): string {
  const binary = size % 2 ** 20 === 0;
  const step = binary ? 1024 : 1000;
  const units = binary ? binaryUnits : decimalUnits;
  const power = size < 1 ? 0 : Math.min(Math.floor(Math.log(size) / Math.log(step)), units.length - 1);
  return `${decimal(size / step ** power, 1)} ${units[power] ?? 'B'}`;
}

/** `250` is `0.25 vCPU`. */
export function cpu(millis: number): string {
  return `${decimal(millis / 1000, 2)} vCPU`;
}

export function count(value: number): string {
  return decimal(value, 2);
}

/** A duration for people to read: `840 ms` is `0.84 s`, then minutes, hours and days. */
export function duration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

export function date(iso: string): string {
  return new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
}

export function dateTime(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', {
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  });
}

/** `concurrentSessions` and `concurrent_sessions` are `concurrent sessions`. */
export function words(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/[-_.]+/g, ' ')
    .toLowerCase();
}

export interface Figure {
  readonly label: string;
  readonly value: string;
}

/** Limits of one pod, in display order. The other limits apply to the whole namespace. */
const podLimits: readonly (readonly [name: string, label: string])[] = [
  ['cpuMillis', 'CPU per pod'],
  ['memoryBytes', 'Memory per pod'],
  ['volumeBytes', 'Volume'],
];

type Limits = Plan['limits'];

/** The limits of one pod, by which customers compare plans; none for a plan that runs no pods. */
export function podFigures(limits: Limits): Figure[] {
  return podLimits.flatMap(([name, label]) => limitFigure(name, label, limits[name]));
}

/** The ceilings of the tenant's namespace; the end of a name gives its unit. */
export function namespaceFigures(limits: Limits): Figure[] {
  const others = Object.entries(limits).filter(([name]) => podLimits.every(([known]) => known !== name));
  return others.flatMap(([name, value]) =>
    limitFigure(name, sentence(words(name.replace(/(Millis|Bytes)$/, ''))), value),
  );
}

function limitFigure(name: string, label: string, value: number | null | undefined): Figure[] {
  if (!value) return [];
  if (name.endsWith('Millis')) return [{ label, value: cpu(value) }];
  if (name.endsWith('Bytes')) return [{ label, value: bytes(value) }];
  return [{ label, value: count(value) }];
}

/** Units at the end of entitlements' names, and how their figures are written. */
const entitlementUnits: readonly [suffix: RegExp, write: (value: number) => string][] = [
  [/Cents$/, (value) => money(value)],
  [/Bytes$/, bytes],
  [/BasisPoints$/, (value) => `${decimal(value / 100, 2)} %`],
  [/Minutes$/, (value) => `${count(value)} min`],
  [/Days$/, (value) => `${count(value)} days`],
  [/Gb$/, (value) => `${count(value)} GB`],
  [/PerMonth$/, (value) => `${count(value)} a month`],
  [/PerMinute$/, (value) => `${count(value)} a minute`],
];

const abbreviations = /\b(api|sso|dlp|rto|rpo|gdpr|scim|cpu)\b/gi;

/**
 * A plan's entitlements with labels. A null number is unlimited, or subject to agreement in a custom plan; a null duration
 * is a promise that the plan does not make, so it has no line.
 */
export function entitlementFigures({ entitlements, price }: Pick<Plan, 'entitlements' | 'price'>): Figure[] {
  return Object.entries(entitlements).flatMap(([name, value]) => {
    if (value === null && name.endsWith('Minutes')) return [];
    const unit = entitlementUnits.find(([suffix]) => suffix.test(name));
    const bare = unit && typeof value !== 'boolean' ? name.replace(unit[0], '') : name;
    const label = sentence(words(bare)).replace(abbreviations, (found) => found.toUpperCase());
    const none = price.kind === 'custom' ? 'By agreement' : 'Unlimited';
    return { label, value: value === null ? none : entitlement(value, unit?.[1] ?? count) };
  });
}

function entitlement(value: Exclude<EntitlementValue, null>, write: (value: number) => string): string {
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'number') return write(value);
  return typeof value === 'string' ? sentence(value) : value.map(sentence).join(', ');
}

export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function decimal(value: number, digits: number): string {
  return new Intl.NumberFormat('en-US', { maximumFractionDigits: digits }).format(value);
}
