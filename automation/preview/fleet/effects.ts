/** What a change of the program does to a tenant: pure, from the declarations of both versions. */
import { heldIn, losesData } from '../data-loss.ts';
import { changesBetween, type Declaration, type DeclaredChange, type DeclaredResource } from './declared.ts';
import { digest } from './shapes.ts';

export type EffectOperation = 'create' | 'update' | 'replace' | 'delete';

export interface EffectStep {
  readonly op: EffectOperation;
  readonly type: string;
  readonly name: string;
  /** Sorted by path; only for updates and replacements. */
  readonly changes: readonly DeclaredChange[];
}

export type Effect =
  | { readonly kind: 'none' }
  | { readonly kind: 'steps'; readonly steps: readonly EffectStep[] }
  /** The new version refuses a spec that the old one accepts. */
  | { readonly kind: 'refused'; readonly reason: string };

/** What happens to a tenant that stands as `base` declares it when `head` is applied. */
export function effectOf(base: Declaration, head: Declaration): Effect {
  if (head.kind === 'refused') {
    // Neither version accepts it: this change is not at fault.
    return base.kind === 'refused' ? { kind: 'none' } : { kind: 'refused', reason: head.reason };
  }
  const before = new Map((base.kind === 'resources' ? base.resources : []).map((one) => [keyOf(one), one]));
  const steps: EffectStep[] = [];
  for (const after of head.resources) {
    const keys = [keyOf(after), ...after.aliases.map(keyOf)];
    const key = keys.find((candidate) => before.has(candidate));
    const predecessor = key === undefined ? undefined : before.get(key);
    if (key === undefined || predecessor === undefined) {
      steps.push({ op: 'create', type: after.type, name: after.name, changes: [] });
      continue;
    }
    before.delete(key);
    const changes = changesBetween(predecessor, after);
    if (changes.length === 0) continue;
    const op = changes.some((change) => replaces(after.type, change)) ? 'replace' : 'update';
    steps.push({ op, type: after.type, name: after.name, changes });
  }
  for (const gone of before.values()) {
    steps.push({ op: 'delete', type: gone.type, name: gone.name, changes: [] });
  }
  return steps.length === 0 ? { kind: 'none' } : { kind: 'steps', steps: steps.sort(byWeight) };
}

/**
 * Changes that no version of the provider can make in place. The engine and the cluster judge the others, in the
 * group's preview.
 */
function replaces(type: string, { path }: DeclaredChange): boolean {
  if (type.startsWith('tenantry:postgres:')) return ['tenantId', 'database', 'schema', 'role'].includes(path);
  if (!type.startsWith('kubernetes:')) return false;
  if (/^(apiVersion|kind|metadata\.(name|namespace))$/.test(path)) return true;
  if (type !== 'kubernetes:core/v1:PersistentVolumeClaim' || !path.startsWith('spec')) return false;
  // A claim may ask for more room and another performance class; the rest of it never changes.
  return path !== 'spec.resources.requests.storage' && path !== 'spec.volumeAttributesClassName';
}

/** Same steps on the same fields, whatever the values, except for volumes: there sizes decide. */
export function structureOf(effect: Effect): string {
  if (effect.kind !== 'steps') return effect.kind;
  return digest(
    effect.steps.map(({ op, type, name, changes }) => [
      op,
      type,
      name,
      heldIn(type) === 'volume' ? changes : changes.map(({ path, kind }) => [path, kind]),
    ]),
  );
}

/**
 * The effect with names replaced by what they name, where they stand as whole words in names and values.
 * @param names pairs of a name and its replacement
 */
export function withoutNames(effect: Effect, names: readonly (readonly [string, string])[]): Effect {
  if (effect.kind === 'none') return effect;
  const patterns = names
    .filter(([name]) => name !== '')
    .map(
      ([name, instead]) =>
        [new RegExp(`(?<![A-Za-z0-9])${escaped(name)}(?![A-Za-z0-9])`, 'g'), instead] as const,
    );
  const neutral = (text: string) =>
    patterns.reduce((current, [pattern, instead]) => current.replace(pattern, instead), text);
  return JSON.parse(JSON.stringify(effect), (key, value) =>
    typeof value === 'string' && !['op', 'type', 'kind', 'path'].includes(key) ? neutral(value) : value,
  ) as Effect;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** "volume replaced; Deployment updated": the most serious first. */
export function headline(effect: Effect): string {
  if (effect.kind === 'none') return 'no change';
  if (effect.kind === 'refused') return 'refused by the program';
  return headlineOf(effect.steps);
}

const past = { replace: 'replaced', delete: 'deleted', create: 'created', update: 'updated' } as const;

/** Phrases of a headline; the rest is counted. */
const phrasesShown = 4;

/** The same for any list of steps, such as those of an engine's preview. */
export function headlineOf(steps: readonly { op: string; type: string }[]): string {
  const counts = new Map<string, number>();
  for (const { op, type } of [...steps].sort(byWeight)) {
    const noun = heldIn(type) ?? type.split(':').at(-1) ?? type;
    const phrase = `${noun} ${past[op as keyof typeof past] ?? op}`;
    counts.set(phrase, (counts.get(phrase) ?? 0) + 1);
  }
  const phrases = [...counts].map(([phrase, count]) => (count > 1 ? `${count} × ${phrase}` : phrase));
  const more = phrases.length - phrasesShown;
  return [...phrases.slice(0, phrasesShown), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

const weights: Readonly<Record<string, number>> = { delete: 0, replace: 1, update: 2, create: 3 };

function byWeight(a: { op: string; type: string }, b: { op: string; type: string }): number {
  const weight = ({ op, type }: { op: string; type: string }) =>
    (losesData({ op, type }) ? 0 : 10) + (weights[op] ?? 5) + (heldIn(type) === null ? 0.5 : 0);
  return weight(a) - weight(b) || (a.type < b.type ? -1 : a.type > b.type ? 1 : 0);
}

function keyOf({ type, name }: Pick<DeclaredResource, 'type' | 'name'>): string {
  return `${type}::${name}`;
}
