import { expect, test } from 'vitest';
import type { StandingTenant } from '../../automation/dr/standing-tenants.ts';
import { findingsOf } from '../../automation/dr/verify.ts';

const live = {
  'v1/Namespace/tenant-acme': 'uid:1',
  'v1/Service/stream': 'uid:2',
  'postgres/role/tenant_a1234567': '1',
  'postgres/schema/tenant_a1234567': '2',
};
const tenant: StandingTenant = {
  id: 'a1234567',
  namespace: 'tenant-acme',
  phase: 'active',
  desiredGeneration: 3,
  observedGeneration: 3,
  unsettled: false,
  reasonCode: null,
  fingerprint: live,
  outputs: {
    namespace: 'tenant-acme',
    serviceUrl: null,
    database: { name: null, schema: 'tenant_a1234567', role: 'tenant_a1234567', secretName: 'database' },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', name: 'tenant-acme', namespace: null },
      { apiVersion: 'v1', kind: 'Service', name: 'stream', namespace: 'tenant-acme' },
    ],
  },
};
const { 'v1/Service/stream': _service, ...withoutService } = live;
const { 'postgres/schema/tenant_a1234567': _schema, ...withoutSchema } = live;

test('a tenant that is as its row says has no finding', () => {
  expect(findingsOf(tenant, { live, hasStack: true })).toEqual([]);
});

test.each<
  [string, Partial<StandingTenant>, { live: Record<string, string>; hasStack: boolean }, string, RegExp]
>([
  ['its stack', {}, { live, hasStack: false }, 'stack', /no state/],
  [
    'an object',
    {},
    { live: withoutService, hasStack: true },
    'object',
    /^v1\/Service\/stream is not in the cluster/,
  ],
  [
    'its schema',
    {},
    { live: withoutSchema, hasStack: true },
    'database',
    /^postgres\/schema\/tenant_a1234567 is not/,
  ],
  [
    'its generation',
    { observedGeneration: 2, reasonCode: 'name_conflict' },
    { live, hasStack: true },
    'unconverged',
    /name_conflict: generation 2 of 3/,
  ],
  ['its last operation', { unsettled: true }, { live, hasStack: true }, 'unconverged', /generation 3 of 3/],
  [
    'an object as it was made',
    {},
    { live: { ...live, 'v1/Service/stream': 'uid:3' }, hasStack: true },
    'differs',
    /^v1\/Service\/stream is not as it was made/,
  ],
])('a tenant that lacks %s is found', (_what, more, seen, kind, detail) => {
  expect(findingsOf({ ...tenant, ...more }, seen)).toEqual([
    { tenantId: 'a1234567', kind, detail: expect.stringMatching(detail) },
  ]);
});

test('a dedicated database is looked for by its own name', () => {
  const outputs = tenant.outputs && {
    ...tenant.outputs,
    database: {
      name: 'tenant_a1234567',
      schema: 'public',
      role: 'tenant_a1234567_app',
      secretName: 'database',
    },
  };
  const seen = { live: { ...withoutSchema, 'postgres/role/tenant_a1234567_app': '3' }, hasStack: true };
  expect(findingsOf({ ...tenant, outputs }, seen)).toEqual([
    {
      tenantId: 'a1234567',
      kind: 'database',
      detail: 'postgres/database/tenant_a1234567 is not in the database',
    },
  ]);
});
