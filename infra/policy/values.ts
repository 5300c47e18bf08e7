/** Reads properties of which anything may be missing, of another type, or unknown before the deployment. */

export type Values = Readonly<Record<string, unknown>>;

/**
 * The engine's placeholder for a value that only the deployment will know (`@pulumi/policy`, proxy.ts), and our
 * previews' placeholder for such a value and for a secret.
 */
const unknownSentinels: ReadonlySet<unknown> = new Set([
  '1c4a061d-8072-4f0a-a4cb-0ff528b18fe7',
  '3eeb2bf0-c639-47a8-9e75-3b44932eb421',
  '04da6b54-80e4-46f7-96ec-b56ff0331ba9',
  '6a19a0b0-7e62-4c92-b797-7f8e31da9cc2',
  '030794c1-ac77-496b-92df-f27374a8bd58',
  'e48ece36-62e2-4504-bad9-02848725956a',
  'dd056dcd-154b-4c76-9bd3-c8f88648b5ff',
  '[unknown]',
  '[secret]',
]);

/** Whether only the deployment will know the value. A rule accepts such a value: it runs again then. */
export function isUnknown(value: unknown): boolean {
  return unknownSentinels.has(value);
}

export function isRecord(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The records of a list, or the record itself where a provider accepts one or many. */
export function recordsOf(value: unknown): readonly Values[] {
  if (Array.isArray(value)) return value.filter(isRecord);
  return isRecord(value) ? [value] : [];
}

/** The strings of a list, or the string itself where one or many are accepted. */
export function textsOf(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
}

/**
 * Every value that a path leads to: names joined by dots, `[]` after a name for each item of a list. A missing name
 * yields undefined; an empty or missing list yields nothing; an unknown on the way yields that unknown.
 */
export function valuesAt(props: unknown, path: string): readonly unknown[] {
  let values: readonly unknown[] = [props];
  for (const step of path.split('.')) {
    const each = step.endsWith('[]');
    const name = each ? step.slice(0, -2) : step;
    values = values.flatMap((value) => {
      if (isUnknown(value)) return [value];
      const inner = isRecord(value) ? value[name] : undefined;
      if (!each || isUnknown(inner)) return [inner];
      return Array.isArray(inner) ? inner : inner === undefined || inner === null ? [] : [inner];
    });
  }
  return values;
}

/** The one value that a path without lists leads to. */
export function valueAt(props: unknown, path: string): unknown {
  return valuesAt(props, path)[0];
}

/** A value that must be an object and may be written as JSON; undefined where it is neither. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string' || isUnknown(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return undefined;
  }
}

/** A value as a message shows it: short, and marked when it is not set. */
export function shown(value: unknown): string {
  if (value === undefined || value === null) return 'not set';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
