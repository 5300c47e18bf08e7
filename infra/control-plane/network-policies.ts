/** Who may talk to the control plane's pods, and whom they may talk to. */
import type * as k8s from '@pulumi/kubernetes';
import { monitoringNamespace } from '../monitoring/namespaces.ts';
import {
  apiPort,
  controlPlaneNamespace,
  labelsOf,
  platformLabels,
  type Workload,
  workerMetrics,
} from './names.ts';

const tcp = (port: number) => ({ protocol: 'TCP', port });
const udp = (port: number) => ({ protocol: 'UDP', port });
const block = (cidr: string, ...except: string[]) => ({
  ipBlock: { cidr, ...(except.length > 0 && { except }) },
});

/** Where EKS Pod Identity serves credentials (EKS user guide, Pod Identity Agent). */
const podIdentityAgent = '169.254.170.23/32';

/**
 * The policies: only what is named is allowed.
 * @param args.loadBalancerCidrs networks of the load balancer
 * @param args.databaseCidrs networks of the database servers and proxies, here and at home
 */
export function networkPolicies(args: {
  loadBalancerCidrs: readonly string[];
  databaseCidrs: readonly string[];
}) {
  const databases = { to: args.databaseCidrs.map((cidr) => block(cidr)), ports: [tcp(5432)] };
  // Stripe, the issuer, AWS and the API server by HTTPS; never the instance metadata.
  const https = { to: [block('0.0.0.0/0', '169.254.0.0/16')], ports: [tcp(443)] };
  const credentials = { to: [block(podIdentityAgent)], ports: [tcp(80)] };
  return [
    policy('default-deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('dns', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            {
              namespaceSelector: inNamespace('kube-system'),
              podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
            },
          ],
          ports: [tcp(53), udp(53)],
        },
      ],
    }),
    policy('api', {
      podSelector: { matchLabels: labelsOf('api') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        {
          from: [
            ...args.loadBalancerCidrs.map((cidr) => block(cidr)),
            { namespaceSelector: inNamespace(monitoringNamespace) },
            // Containers that read their tenant; the policies of their namespaces let out no others.
            { namespaceSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'tenantry' } } },
          ],
          ports: [tcp(apiPort)],
        },
      ],
      egress: [databases, https],
    }),
    policy('worker', {
      podSelector: { matchLabels: labelsOf('worker') },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [
        { from: [{ namespaceSelector: inNamespace(monitoringNamespace) }], ports: [tcp(workerMetrics.port)] },
      ],
      egress: [databases, https, credentials],
    }),
    outgoing('migrate', [databases]),
  ];
}

type Spec = k8s.types.input.networking.v1.NetworkPolicySpec;
type EgressRule = k8s.types.input.networking.v1.NetworkPolicyEgressRule;

function outgoing(workload: Workload, egress: EgressRule[]) {
  return policy(workload, {
    podSelector: { matchLabels: labelsOf(workload) },
    policyTypes: ['Egress'],
    egress,
  });
}

function policy(name: string, spec: Spec) {
  return { metadata: { name, namespace: controlPlaneNamespace, labels: platformLabels }, spec };
}

function inNamespace(name: string) {
  return { matchLabels: { 'kubernetes.io/metadata.name': name } };
}
