/** Writes steps as lines of a diff: + for new, - for removed, ! for replaced. */
import type { Detail } from './document.ts';
import type { ShownValue } from './platform.ts';

export interface DiffLine {
  readonly sign: '+' | '-' | '!' | ' ';
  readonly text: string;
}

interface Step {
  readonly op: string;
  readonly type: string;
  readonly name: string;
  readonly deletedFirst?: boolean;
  readonly changes: readonly {
    readonly path: string;
    readonly before?: ShownValue;
    readonly after?: ShownValue;
    readonly secret: boolean;
    readonly replaces?: boolean;
  }[];
}

const signs: Readonly<Record<string, DiffLine['sign']>> = {
  create: '+',
  import: '+',
  delete: '-',
  replace: '!',
};
/** How many characters of a value are shown. */
const valueLength = 120;

export function diffOf(steps: readonly Step[], detail: Detail): DiffLine[] {
  if (detail === 0) return countsOf(steps);
  return steps.flatMap((step) => [
    {
      sign: signs[step.op] ?? ' ',
      text: `${step.op} ${step.name} (${step.type})${step.deletedFirst ? ', the old one first' : ''}`,
    },
    ...step.changes.flatMap((change) => linesOf(change, detail)),
  ]);
}

function countsOf(steps: readonly Step[]): DiffLine[] {
  const counts = new Map<string, number>();
  for (const { op, type } of steps) counts.set(`${op} ${type}`, (counts.get(`${op} ${type}`) ?? 0) + 1);
  return [...counts].map(([what, count]) => ({
    sign: signs[what.split(' ')[0] ?? ''] ?? ' ',
    text: count > 1 ? `${what} × ${count}` : what,
  }));
}

function linesOf(change: Step['changes'][number], detail: 1 | 2): DiffLine[] {
  const { path, before, after } = change;
  const cause = change.replaces === true ? '  (cannot change in place)' : '';
  if (detail === 1) return [{ sign: ' ', text: `  ${path}${cause}` }];
  if (change.secret) return [{ sign: change.replaces ? '!' : ' ', text: `  ${path}: [secret]${cause}` }];
  const [old, next] = excerpts(before, after);
  const lines: DiffLine[] = [];
  if (old !== null) lines.push({ sign: '-', text: `  ${path}: ${old}${cause}` });
  if (next !== null) lines.push({ sign: '+', text: `  ${path}: ${next}${cause}` });
  return lines;
}

/** Each value on a line; long ones from where they begin to differ. */
function excerpts(
  before: ShownValue | undefined,
  after: ShownValue | undefined,
): [string | null, string | null] {
  const old = before === undefined ? null : JSON.stringify(before);
  const next = after === undefined ? null : JSON.stringify(after);
  const start = old !== null && next !== null ? Math.max(0, firstDifference(old, next) - 30) : 0;
  const cut = (text: string | null) => {
    if (text === null || text.length <= valueLength) return text;
    return `${start > 0 ? '…' : ''}${text.slice(start, start + valueLength)}${text.length > start + valueLength ? '…' : ''}`;
  };
  return [cut(old), cut(next)];
}

function firstDifference(a: string, b: string): number {
  let index = 0;
  while (index < a.length && a[index] === b[index]) index += 1;
  return index;
}
