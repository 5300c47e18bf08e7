import { describe, expect, test } from 'vitest';
import type { ProductId } from '../../tenants/catalog/types.ts';
import { defaultCell, type Tenant } from '../../tenants/tenant.ts';
import { everyPlan, manifestsOf, tenantOf } from './specs.ts';

/** All that may come in and go out, written out: a rule more, a port less or an exception lost is a difference. */

interface Ways {
  /** Ports that the control plane reaches. */
  readonly served: readonly number[];
  /** Ports on the internet that pods reach. */
  readonly internet: readonly number[];
  readonly database: boolean;
}

const ways: Record<ProductId, Ways> = {
  workspace: { served: [8080], internet: [22, 80, 443], database: false },
  browsers: { served: [9222], internet: [80, 443], database: false },
  inbox: { served: [8025, 1025], internet: [443], database: true },
  agents: { served: [4096], internet: [22, 80, 443], database: true },
  stream: { served: [4822], internet: [80, 443], database: true },
};

const tcp = (ports: readonly number[]) => ports.map((port) => ({ protocol: 'TCP', port }));
const namespaceNamed = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

const internet = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: [
        '169.254.169.254/32',
        '169.254.0.0/16',
        '10.0.0.0/8',
        '100.64.0.0/10',
        '172.16.0.0/12',
        '192.168.0.0/16',
      ],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['fd00:ec2::254/128', 'fe80::/10', 'fc00::/7'] } },
];

const isSandbox = (operator: string) => ({ matchExpressions: [{ key: 'tenantry.dev/sandbox', operator }] });

function expectedPolicies(
  [product, plan]: (typeof everyPlan)[number],
  controlPlane: string,
  databaseCidrs: readonly string[],
) {
  const way = ways[product];
  if (!way) throw new Error(`ways says nothing of ${product}`);
  const { served, internet: ports, database } = way;
  const own = product === 'agents' ? isSandbox('DoesNotExist') : {};
  const pooler = {
    namespaceSelector: namespaceNamed(controlPlane),
    podSelector: {
      matchLabels: {
        'app.kubernetes.io/managed-by': 'tenantry',
        'app.kubernetes.io/component': 'database-pooler',
      },
    },
  };
  return {
    'default-deny': { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    'allow-dns': {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              namespaceSelector: namespaceNamed('kube-system'),
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: [
            { protocol: 'TCP', port: 53 },
            { protocol: 'UDP', port: 53 },
          ],
        },
      ],
    },
    [`allow-${product}`]: {
      podSelector: own,
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ namespaceSelector: namespaceNamed(controlPlane) }], ports: tcp(served) },
        { from: [{ podSelector: own }] },
      ],
      egress: [
        { to: [{ podSelector: {} }] },
        { to: internet, ports: tcp(ports) },
        ...(database
          ? [
              {
                to: [pooler, ...databaseCidrs.map((cidr) => ({ ipBlock: { cidr } }))],
                ports: [{ protocol: 'TCP', port: 5432 }],
              },
            ]
          : []),
      ],
    },
    ...(product === 'agents' &&
      plan === 'enterprise' && {
        'allow-sandboxes': {
          podSelector: isSandbox('Exists'),
          policyTypes: ['Ingress', 'Egress'],
          ingress: [{ from: [{ podSelector: own }], ports: tcp(served) }],
          egress: [{ to: internet, ports: tcp(ports) }],
        },
      }),
  };
}

function policiesOf(tenant: Tenant): Record<string, unknown> {
  const policies = manifestsOf(tenant).filter(({ kind }) => kind === 'NetworkPolicy');
  return Object.fromEntries(
    policies.map((policy) => [policy.metadata.name, (policy as unknown as { spec: unknown }).spec]),
  );
}

describe('nothing comes in or goes out but by these policies', () => {
  test.each(everyPlan)('%s %s', (product, plan) => {
    const expected = expectedPolicies([product, plan], 'tenantry-system', []);
    expect(policiesOf(tenantOf(product, plan))).toEqual(expected);
    expect(policiesOf(tenantOf(product, plan, { state: 'suspended' }))).toEqual(expected);
  });

  test.each(everyPlan)('%s %s, where the cell names its servers and its control plane', (product, plan) => {
    const databaseCidrs = ['10.64.200.0/24', '10.64.201.0/24'];
    const cell = { ...defaultCell, controlPlaneNamespace: 'control', databaseCidrs };
    expect(policiesOf({ ...tenantOf(product, plan), cell })).toEqual(
      expectedPolicies([product, plan], 'control', databaseCidrs),
    );
  });

  test('a tenant whose rows stay in the database keeps its way there, whatever the plan', () => {
    const { 'allow-browsers': policy } = policiesOf(
      tenantOf('browsers', 'professional', { dataIsolation: 'schema' }),
    );
    expect(policy).toMatchObject({ egress: [{}, {}, { ports: [{ protocol: 'TCP', port: 5432 }] }] });
  });
});
