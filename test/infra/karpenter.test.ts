import { beforeAll, describe, expect, test } from 'vitest';
import { addonSpecs } from '../../infra/cluster/addons.ts';
import { controlPlanePool, nodePools, poolLabel, tenantPool } from '../../infra/karpenter/node-pools.ts';
import { type InfraGraph, infraGraph } from '../support/infra-graph.ts';

let prod: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod');
});

interface Toleration {
  readonly key?: string;
  readonly value?: string;
  readonly operator?: string;
}

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
  readonly Condition?: object;
}

function statementsOf(type: string, name: string): Statement[] {
  return JSON.parse(String(prod.get(type, name).inputs.policy)).Statement;
}

describe('node pools', () => {
  const [tenants, controlPlane] = nodePools();
  const requirement = (pool: typeof tenants, key: string) =>
    pool?.spec.template.spec.requirements.find((one) => one.key === key)?.values;

  test('are one for tenants and one for the control plane, both in the graph', () => {
    const names = prod
      .objects()
      .filter(({ kind }) => kind === 'NodePool')
      .map(({ metadata }) => metadata.name);
    expect(names.toSorted()).toEqual([controlPlanePool, tenantPool]);
  });

  test('let tenants have spot and on-demand nodes of both architectures', () => {
    expect(requirement(tenants, 'karpenter.sh/capacity-type')).toEqual(['spot', 'on-demand']);
    expect(requirement(tenants, 'kubernetes.io/arch')).toEqual(['amd64', 'arm64']);
  });

  test('never interrupt the control plane for a price', () => {
    expect(requirement(controlPlane, 'karpenter.sh/capacity-type')).toEqual(['on-demand']);
  });

  test('of tenants end at 1,000 CPU and 2,000Gi', () => {
    expect(tenants?.spec.limits).toEqual({ cpu: '1000', memory: '2000Gi' });
  });

  test.each(nodePools())('$metadata.name: empty nodes go after 300 s, all after 7 days', ({ spec }) => {
    expect(spec.disruption).toMatchObject({ consolidationPolicy: 'WhenEmpty', consolidateAfter: '300s' });
    expect(spec.template.spec.expireAfter).toBe('168h');
  });

  test('keep everybody but tenants off the nodes of tenants', () => {
    expect(tenants?.spec.template.spec.taints).toEqual([
      { key: poolLabel, value: tenantPool, effect: 'NoSchedule' },
    ]);
    expect(tenants?.spec.template.metadata.labels).toEqual({ [poolLabel]: tenantPool });
  });

  test('keep everybody but the platform off the nodes of the control plane', () => {
    expect(controlPlane?.spec.template.spec.taints).toEqual([
      { key: poolLabel, value: controlPlanePool, effect: 'NoSchedule' },
    ]);
  });

  test('whatever the platform runs may stand there', () => {
    const tolerates = (spec: unknown) =>
      ((spec as { tolerations?: Toleration[] } | undefined)?.tolerations ?? []).some(
        ({ key, value, operator }) =>
          (operator === 'Exists' && key === undefined) || (key === poolLabel && value === controlPlanePool),
      );
    const deployments = prod.objects().filter(({ kind }) => ['Deployment', 'Job', 'CronJob'].includes(kind));
    expect(deployments.length).toBeGreaterThan(2);
    for (const { metadata, spec } of deployments) {
      const { template } = spec as { template: { spec: unknown } };
      expect(tolerates(template.spec), metadata.name).toBe(true);
    }
    const values = (release: string) =>
      prod.get('kubernetes:helm.sh/v3:Release', release).inputs.values as Record<
        string,
        Record<string, unknown>
      >;
    const monitoring = values('kube-prometheus');
    const parts = [
      monitoring.prometheus?.prometheusSpec,
      monitoring.alertmanager?.alertmanagerSpec,
      ...[monitoring.grafana, monitoring['kube-state-metrics'], monitoring.prometheusOperator],
      monitoring['prometheus-node-exporter'],
      ...[
        values('velero'),
        values('velero').nodeAgent,
        values('load-balancer-controller'),
        values('log-collector'),
      ],
    ];
    expect(parts.map(tolerates)).toEqual(parts.map(() => true));
    const addons = addonSpecs({ tags: {} } as never);
    // Files with secrets are mounted wherever the control plane runs.
    const secrets = addons['aws-secrets-store-csi-driver-provider']?.configuration as Record<
      string,
      Record<string, unknown>
    >;
    expect([secrets, secrets['secrets-store-csi-driver']?.linux].map(tolerates)).toEqual([true, true]);
    expect(['coredns', 'metrics-server'].map((name) => tolerates(addons[name]?.configuration))).toEqual([
      true,
      true,
    ]);
  });
});

describe('nodes', () => {
  test('are encrypted, private and keep their credentials from pods', () => {
    const [nodeClass] = prod.objects().filter(({ kind }) => kind === 'EC2NodeClass');
    expect(nodeClass?.spec).toMatchObject({
      metadataOptions: { httpTokens: 'required', httpPutResponseHopLimit: 1 },
      associatePublicIPAddress: false,
      securityGroupSelectorTerms: [{ id: 'sg-0cluster' }],
      subnetSelectorTerms: [{ tags: { 'karpenter.sh/discovery': 'prod-us-east-1' } }],
      tags: { 'tenantry:environment': 'prod', 'cost-center': 'tenantry' },
    });
    const { blockDeviceMappings } = (nodeClass?.spec ?? {}) as { blockDeviceMappings: { ebs: object }[] };
    for (const { ebs } of blockDeviceMappings)
      expect(ebs).toMatchObject({ encrypted: true, volumeType: 'gp3' });
    const privateSubnet = prod.get('aws:ec2/subnet:Subnet', 'private-b').inputs.tags;
    expect(privateSubnet).toMatchObject({ 'karpenter.sh/discovery': 'prod-us-east-1' });
    expect(prod.get('aws:ec2/subnet:Subnet', 'public-b').inputs.tags).not.toHaveProperty(
      'karpenter.sh/discovery',
    );
  });

  test('may join by an access entry', () => {
    expect(prod.get('aws:eks/accessEntry:AccessEntry', 'karpenter-nodes').inputs).toMatchObject({
      type: 'EC2_LINUX',
      clusterName: 'prod-us-east-1',
    });
  });
});

describe('the controller', () => {
  test('is a pinned release that knows its cluster and its queue', () => {
    expect(prod.chart('oci://public.ecr.aws/karpenter/karpenter')).toMatchObject({
      version: '1.14.1',
      namespace: 'kube-system',
      values: {
        replicas: 2,
        settings: { clusterName: 'prod-us-east-1', interruptionQueue: 'prod-us-east-1-interruptions' },
      },
    });
  });

  test('takes its role through Pod Identity', () => {
    expect(
      prod.get('aws:eks/podIdentityAssociation:PodIdentityAssociation', 'karpenter').inputs,
    ).toMatchObject({
      namespace: 'kube-system',
      serviceAccount: 'karpenter',
      clusterName: 'prod-us-east-1',
    });
  });

  test('writes nowhere but where the tags of its cluster stand', () => {
    for (const { Sid, Action, Resource, Condition } of statementsOf(
      'aws:iam/rolePolicy:RolePolicy',
      'karpenter',
    )) {
      const actions = [Action].flat();
      expect(
        actions.some((action) => action.endsWith('*')),
        Sid,
      ).toBe(false);
      const reads = actions.every((action) => /:(Describe|Get|List)/.test(action));
      if ([Resource].flat().includes('*')) expect(reads, Sid).toBe(true);
      if (actions.some((action) => /Terminate|Delete(?!Message)|CreateTags/.test(action))) {
        expect(JSON.stringify(Condition), Sid).toContain('kubernetes.io/cluster/prod-us-east-1');
      }
    }
  });

  test('hears of interruptions, rebalancing, state changes and maintenance', () => {
    const patterns = prod
      .ofType('aws:cloudwatch/eventRule:EventRule')
      .map(({ inputs }) => JSON.parse(String(inputs.eventPattern ?? '{}'))['detail-type']?.[0]);
    expect(patterns).toEqual(
      expect.arrayContaining([
        'EC2 Spot Instance Interruption Warning',
        'EC2 Instance Rebalance Recommendation',
        'EC2 Instance State-change Notification',
        'AWS Health Event',
      ]),
    );
    const [allow, deny] = statementsOf('aws:sqs/queuePolicy:QueuePolicy', 'interruptions');
    expect(allow).toMatchObject({
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
    });
    expect(deny).toMatchObject({ Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } });
  });
});
