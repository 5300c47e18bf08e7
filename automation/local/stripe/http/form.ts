/**
 * Decodes the bracketed form encoding of Stripe's v1 API: `items[0][price]=price_1&expand[]=customer`.
 * Every leaf is a string, as on the wire; `params.ts` gives them types.
 */

export type FormValue = string | FormValue[] | { [key: string]: FormValue };
export type Form = { [key: string]: FormValue };

/** Refuses, rather than stores, keys that would reach an object's prototype. */
const forbidden = new Set(['__proto__', 'prototype', 'constructor']);
const maxDepth = 10;

/** @throws SyntaxError when a key is malformed, too deep, or contradicts an earlier one */
export function decodeForm(encoded: string): Form {
  const root: Form = Object.create(null) as Form;
  for (const [key, value] of new URLSearchParams(encoded)) insert(root, splitKey(key), value);
  return arraysFromIndices(root) as Form;
}

function splitKey(key: string): string[] {
  const head = key.match(/^[^[\]]+/)?.[0];
  if (head === undefined) throw new SyntaxError(`Invalid parameter name: ${key}`);
  const path = [head];
  let rest = key.slice(head.length);
  while (rest !== '') {
    const part = rest.match(/^\[([^[\]]*)\]/);
    if (!part) throw new SyntaxError(`Invalid parameter name: ${key}`);
    path.push(part[1] ?? '');
    rest = rest.slice(part[0].length);
  }
  if (path.length > maxDepth || path.some((name) => forbidden.has(name))) {
    throw new SyntaxError(`Invalid parameter name: ${key}`);
  }
  return path;
}

function insert(root: Form, path: string[], value: string): void {
  let at = root;
  for (const [index, part] of path.entries()) {
    const name = part === '' ? String(Object.keys(at).length) : part;
    if (index === path.length - 1) {
      at[name] = value;
      return;
    }
    const next = at[name] ?? (Object.create(null) as Form);
    if (typeof next === 'string' || Array.isArray(next)) {
      throw new SyntaxError(`Parameter ${path[0]} is given both as a value and as a group`);
    }
    at[name] = next;
    at = next;
  }
}

function arraysFromIndices(value: FormValue): FormValue {
  if (typeof value === 'string' || Array.isArray(value)) return value;
  const keys = Object.keys(value);
  const children = keys.map((key) => arraysFromIndices(value[key] ?? ''));
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) return children;
  return Object.fromEntries(keys.map((key, index) => [key, children[index] ?? '']));
}
