import { expect, test } from 'vitest';
import { catalog } from '../../tenants/catalog/index.ts';
import { productId } from '../../tenants/product-id.ts';
import { tenantSpec } from '../../tenants/spec.ts';
import { specOf } from './specs.ts';

test.each(catalog.map(({ id }) => id))('%s is the id of a product', (id) => {
  expect(productId.parse(id)).toBe(id);
});

test.each(['', 'nothing', '__proto__', 'Workspace', 'workspace\n', 7, null])(
  '%j is none, and is refused with those that are',
  (id) => {
    const refused = tenantSpec.safeParse({ ...specOf('workspace', 'byoc'), product: id });
    const [issue, ...others] = refused.error?.issues ?? [];
    expect(others).toEqual([]);
    expect(issue?.path).toEqual(['product']);
    if (typeof id === 'string')
      for (const known of catalog) expect(issue?.message).toMatch(new RegExp(`\\b${known.id}\\b`));
  },
);
