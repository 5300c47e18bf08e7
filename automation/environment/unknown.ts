/** Finds misspelt variables, which would otherwise silently have no effect. */
import type { Environment } from './read.ts';
import { table } from './table.ts';
import type { Variable } from './variable.ts';

const prefix = 'TENANTRY_';

/** One line for each set variable that begins with `TENANTRY_` but does not exist, with the nearest one that does. */
export function unknownVariables(env: Environment): string[] {
  const known = knownNames();
  return Object.keys(env)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .map((name) => {
      const nearest = nearestOf(name, known);
      return nearest === undefined
        ? `${name} has no effect: docs/configuration.md lists the variables there are.`
        : `${name} has no effect: did you mean ${nearest}?`;
    });
}

function knownNames(): Set<string> {
  const variables: [string, Variable][] = Object.entries(table);
  return new Set(variables.flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name])));
}

/** The known name with the fewest edits: at most three (a forgotten `_MS`), or a third of a long name. */
function nearestOf(name: string, known: ReadonlySet<string>): string | undefined {
  const most = Math.max(3, Math.floor((name.length - prefix.length) / 3));
  const [best] = [...known]
    .map((candidate) => ({ candidate, edits: editsBetween(name, candidate) }))
    .filter(({ edits }) => edits <= most)
    .toSorted((one, other) => one.edits - other.edits);
  return best?.candidate;
}

/** Levenshtein distance. */
function editsBetween(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one].entries()) {
    const next = [i + 1];
    for (const [j, otherLetter] of [...other].entries()) {
      const [replaced = 0, removed = 0, added = 0] = [row[j], row[j + 1], next[j]];
      next.push(letter === otherLetter ? replaced : 1 + Math.min(replaced, removed, added));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}
