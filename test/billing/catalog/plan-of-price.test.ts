import { expect, test } from 'vitest';
import { planOfPrice } from '../../../tenants/catalog/plan-of-price.ts';

test.each([
  ['what is sold today', { lookup_key: 'tenantry:inbox:starter' }, 'inbox starter'],
  [
    'a price that another has replaced',
    {
      lookup_key: null,
      metadata: { tenantry_product: 'inbox', tenantry_plan: 'starter', tenantry_per: 'flat' },
    },
    'inbox starter',
  ],
  [
    'a price agreed by hand',
    { lookup_key: null, metadata: { tenantry_product: 'stream', tenantry_plan: 'enterprise' } },
    'stream enterprise',
  ],
  [
    'the lookup key before the metadata',
    { lookup_key: 'tenantry:agents:pro', metadata: { tenantry_product: 'inbox', tenantry_plan: 'starter' } },
    'agents pro',
  ],
  ['a metered price', { lookup_key: 'tenantry-meter:stream:stream_vcpu_hours' }, null],
  [
    'a plan of another product',
    { lookup_key: null, metadata: { tenantry_product: 'inbox', tenantry_plan: 'byoc' } },
    null,
  ],
  ['what is not ours', { lookup_key: 'shirt', metadata: {} }, null],
  ['a price without anything', { lookup_key: null, metadata: null }, null],
])('%s', (_name, price, expected) => {
  const found = planOfPrice(price);
  expect(found && `${found.product.id} ${found.plan.id}`).toBe(expected);
});
