import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeApi } from '../../api/describe.ts';

interface Operation {
  readonly operationId?: string;
  readonly tags?: readonly string[];
}

describe('every route', () => {
  let operations: (readonly [string, Operation])[];
  beforeAll(() => {
    operations = Object.entries(describeApi().paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Operation>).map(
        ([method, operation]) => [`${method} ${path}`, operation] as const,
      ),
    );
    expect(operations.length).toBeGreaterThan(40);
  });

  test('has an operationId and a tag: the client names its functions by the one, the reference groups by the other', () => {
    const nameless = operations.filter(
      ([, { operationId = '', tags = [] }]) => !/^[a-z][A-Za-z]+$/.test(operationId) || tags.length !== 1,
    );
    expect(nameless.map(([route]) => route)).toEqual([]);
  });

  test('has an operationId of its own', () => {
    const routesById = Map.groupBy(operations, ([, { operationId }]) => operationId);
    const shared = [...routesById.values()].filter((routes) => routes.length > 1);
    expect(shared.map((routes) => routes.map(([route]) => route))).toEqual([]);
  });
});

test('what may be null is not ruled out by the list of its values', () => {
  const wrong: string[] = [];
  const look = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, enum: values } = value as { type?: unknown; enum?: unknown };
    if (Array.isArray(type) && type.includes('null') && Array.isArray(values) && !values.includes(null))
      wrong.push(path);
    for (const [key, part] of Object.entries(value)) look(part, `${path}/${key}`);
  };
  look(describeApi(), '');
  expect(wrong).toEqual([]);
});

test('the shape of a request or an answer is written down in api/contract only', () => {
  const api = fileURLToPath(new URL('../../api/', import.meta.url));
  const files = readdirSync(api, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/^(contract|client|dashboard)\/|^env\.ts$/.test(file))
    .sort();
  expect(files).toContain('routes/tenant.ts');
  const shapes = files.filter((file) =>
    /\bz\s*\.(object|strictObject|looseObject|enum|array|record|union|string|number|int|boolean|coerce)\b/.test(
      readFileSync(join(api, file), 'utf8'),
    ),
  );
  expect(shapes).toEqual([]);
});
