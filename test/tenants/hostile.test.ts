import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';
import { type TenantSpec, tenantSpec } from '../../tenants/spec.ts';
import { resolveTenant } from '../../tenants/tenant.ts';
import { everyPlan, manifestsOf, specOf } from './specs.ts';

/** Whatever comes from outside, the tenant's objects are valid or are not built at all. */

const dnsLabel = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const labelValue = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/;
const labelKey = /^(?:[a-z0-9.-]{1,253}\/)?[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1, maxLength: 256 }),
  fc.constantFrom(
    '../../etc/passwd',
    "'; drop schema public cascade; --",
    'a: {b: c}\n---\nkind: Secret',
    '%n%s%x',
    '$(reboot)',
    'x'.repeat(256),
    '\u0000',
    '\u202egnp.exe',
    'İstanbul',
    '-',
    '.',
  ),
  fc.emailAddress(),
);

describe('text from outside', () => {
  test('in owner, billing account and region never makes an invalid object', () => {
    const anySpec = fc.record({
      row: fc.constantFrom(...everyPlan),
      owner: fc.option(hostileText),
      billingAccount: fc.option(hostileText),
      region: hostileText,
    });
    fc.assert(
      fc.property(anySpec, ({ row: [product, plan], ...changes }) => {
        const spec = specOf(product, plan, changes);
        const manifests = manifestsOf(resolveTenant(spec));
        expectValid(manifests);
        expect(JSON.stringify(manifests)).toBe(JSON.stringify(manifestsOf(resolveTenant(spec))));
      }),
      { numRuns: 300 },
    );
  });

  test('in a slug is refused or makes a valid namespace', () => {
    const slug = fc.oneof(
      hostileText,
      fc.stringMatching(/^[a-zA-Z0-9._-]{1,64}$/),
      fc.stringMatching(/^[a-z0-9-]{1,42}$/),
    );
    fc.assert(
      fc.property(fc.constantFrom(...everyPlan), slug, ([product, plan], chosen) => {
        const spec = specOf(product, plan, { slug: chosen });
        if (!tenantSpec.safeParse(spec).success) {
          expect(() => resolveTenant(spec)).toThrow();
        } else {
          expectValid(manifestsOf(resolveTenant(spec)));
        }
      }),
      { numRuns: 300 },
    );
  });

  test.each([
    ['slug', '../x'],
    ['slug', 'x'.repeat(300)],
    ['slug', 'UPPER'],
    ['slug', 'double--dash'],
    ['slug', "a';drop table tenants"],
    ['tenantId', 'a1b2c3d4; drop'],
    ['tenantId', '1a2b3c4d'],
    ['tenantId', 'A1B2C3D4'],
    ['namespace', 'kube-system'],
    ['namespace', 'tenant-acme/../../x'],
    ['namespace', ''],
    ['plan', 'platinum'],
    ['plan', '__proto__'],
    ['product', 'constructor'],
    ['owner', ''],
    ['owner', 'x'.repeat(257)],
    ['createdAt', 'yesterday'],
    ['volumeBytes', -1],
    ['volumeBytes', 0.5],
    ['seats', 0],
    ['state', 'deleted'],
    ['extra', 'field'],
  ])('a spec whose %s is %j is refused before anything is declared', (field, value) => {
    const spec = { ...specOf('stream', 'business'), [field]: value } as TenantSpec;
    expect(() => resolveTenant(spec)).toThrow();
  });
});

function expectValid(manifests: readonly Manifest[]): void {
  for (const { metadata } of manifests) {
    expect(metadata.name).toMatch(dnsLabel);
    if (metadata.namespace !== undefined) expect(metadata.namespace).toMatch(dnsLabel);
    for (const [key, value] of Object.entries(metadata.labels)) {
      expect(key).toMatch(labelKey);
      expect(value).toMatch(labelValue);
    }
    for (const value of Object.values(metadata.annotations ?? {})) {
      expect(value).toBe(value.toWellFormed());
      expect(value).not.toMatch(/\p{Cc}/u);
    }
  }
}
