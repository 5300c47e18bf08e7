import { describe, expect, test } from 'vitest';
import { checkPolicies } from '../../infra/policy/check.ts';
import type { PolicyResource } from '../../infra/policy/resource.ts';
import { rules } from '../../infra/policy/rules/index.ts';
import { manifestsOf, tenantOf } from '../tenants/specs.ts';
import { changed, resourceOf } from './cases.ts';

const isolation = rules.filter(({ concern }) => concern === 'tenant isolation');

/** A tenant as its program makes it, object by object. */
const tenant = manifestsOf(tenantOf('stream', 'business')).map((manifest) => {
  const group = manifest.apiVersion === 'v1' ? 'core/v1' : manifest.apiVersion;
  const { kind, metadata } = manifest;
  return resourceOf(`kubernetes:${group}:${kind}`, { ...manifest }, `${kind}/${metadata.name}`);
});

const faults = (resources: readonly PolicyResource[]) =>
  checkPolicies(resources, isolation).map(({ rule, name, message }) => `${rule}, ${name}: ${message}`);
const without = (kind: string) => tenant.filter(({ name }) => !name.startsWith(kind));
const changing = (name: string, path: string, value: unknown) =>
  tenant.map((each) => (each.name === name ? { ...each, props: changed(each.props, path, value) } : each));

test('a complete tenant is isolated and contained', () => {
  expect(tenant.length).toBeGreaterThan(10);
  expect(faults(tenant)).toEqual([]);
});

describe('a tenant is not isolated', () => {
  const namespace = 'Namespace/tenant-acme';
  test.each([
    [
      'its namespace',
      'Namespace/',
      'NetworkPolicy/default-deny',
      'namespace tenant-acme is not part of the stack',
    ],
    [
      'the default-deny policy',
      'NetworkPolicy/default-deny',
      namespace,
      'namespace tenant-acme has no network policy that denies everything in both directions',
    ],
    [
      'its quota',
      'ResourceQuota/',
      namespace,
      'namespace tenant-acme has no quota that forbids node ports and load balancers',
    ],
    ['its limit range', 'LimitRange/', namespace, 'namespace tenant-acme has no limit range for containers'],
  ])('without %s', (_what, left, where, message) => {
    expect(faults(without(left))).toEqual([`tenant-isolated, ${where}: ${message}`]);
  });

  test.each([
    [namespace, 'metadata/labels/pod-security.kubernetes.io~1enforce', 'baseline', 'Pod Security'],
    ['NetworkPolicy/default-deny', 'spec/policyTypes', ['Ingress'], 'both directions'],
    ['NetworkPolicy/default-deny', 'spec/podSelector', { matchLabels: { app: 'x' } }, 'both directions'],
    ['NetworkPolicy/default-deny', 'spec/egress', [{ to: [{ podSelector: {} }] }], 'both directions'],
    ['ResourceQuota/plan', 'spec/hard/services.nodeports', '1', 'node ports'],
    ['LimitRange/defaults', 'spec/limits/0/default', undefined, 'limit range'],
  ])('with %s where %s is %j', (name, path, value, message) => {
    expect(faults(changing(name, path, value))).toEqual([
      expect.stringMatching(`^tenant-isolated.*${message}`),
    ]);
  });
});

describe('a tenant is not contained', () => {
  const allow = 'NetworkPolicy/allow-stream';
  test.each([
    [
      'Deployment/stream',
      'metadata/labels/tenantry.dev~1plan',
      undefined,
      'there is no label tenantry.dev/plan',
    ],
    ['Service/stream', 'spec/type', 'NodePort', 'the Service is a "NodePort"; wanted: ClusterIP'],
    ['Service/stream', 'spec/type', 'LoadBalancer', 'the Service is a "LoadBalancer"; wanted: ClusterIP'],
    ['ServiceAccount/workload', 'automountServiceAccountToken', undefined, 'the token of the API is mounted'],
    [
      'Deployment/stream',
      'spec/template/spec/automountServiceAccountToken',
      true,
      'its pods mount the token',
    ],
    [allow, 'spec/ingress/0/from', [], 'ingress allows everybody'],
    [allow, 'spec/egress/0/to', undefined, 'egress allows everybody'],
    [
      allow,
      'spec/egress/0/to',
      [{ namespaceSelector: {} }],
      'egress names other namespaces than one by its name',
    ],
    [
      allow,
      'spec/egress/0/to',
      [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }],
      'egress to "0.0.0.0/0" does not leave out 169.254.169.254/32, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10',
    ],
    [
      allow,
      'spec/egress/0/to',
      [{ ipBlock: { cidr: '::/0' } }],
      'egress to "::/0" does not leave out fd00:ec2::254/128, fc00::/7',
    ],
  ])('with %s where %s is %j', (name, path, value, message) => {
    expect(faults(changing(name, path, value))).toEqual([
      expect.stringContaining(`tenant-contained, ${name}: ${message}`),
    ]);
  });

  test('with an object of the whole cluster', () => {
    const labels = tenant[0]?.props.metadata;
    const role = resourceOf(
      'kubernetes:rbac.authorization.k8s.io/v1:ClusterRole',
      { metadata: labels },
      'everywhere',
    );
    expect(faults([...tenant, role])).toEqual([
      'tenant-contained, everywhere: a ClusterRole belongs to the whole cluster; a tenant has a namespace only',
    ]);
  });
});

test('the platform’s own namespaces are not judged as tenants', () => {
  const platform = resourceOf('kubernetes:core/v1:Namespace', {
    metadata: { name: 'monitoring', labels: { 'app.kubernetes.io/part-of': 'tenantry-platform' } },
  });
  expect(faults([platform])).toEqual([]);
});
