import { beforeAll, describe, expect, test } from 'vitest';
import { amiType } from '../../infra/cluster/system-nodes.ts';
import { accessToTheApi } from '../../infra/cluster.ts';
import { type GraphResource, type InfraGraph, infraGraph, stackValues } from '../support/infra-graph.ts';

let prod: InfraGraph;
let cluster: GraphResource;

beforeAll(async () => {
  prod = await infraGraph('prod');
  cluster = prod.get('eks:index:Cluster', 'cluster');
});

const addon = (name: string) => prod.get('aws:eks/addon:Addon', name);
const settingsOf = (name: string) => JSON.parse(String(addon(name).inputs.configurationValues));

describe('the cluster', () => {
  test('listens inside the VPC, and outside to the allow-list only', () => {
    expect(cluster.inputs).toMatchObject({
      endpointPrivateAccess: true,
      endpointPublicAccess: true,
      publicAccessCidrs: ['203.0.113.16/28'],
    });
    const closed = accessToTheApi({
      cluster: { publicAccess: 'none', adminRoleArns: ['arn:aws:iam::111122223333:role/ops'] },
    } as unknown as Parameters<typeof accessToTheApi>[0]);
    expect(closed).toMatchObject({ endpointPrivateAccess: true, endpointPublicAccess: false });
    expect(closed).not.toHaveProperty('publicAccessCidrs');
  });

  test('encrypts its secrets with a key of ours and tells all that it does', () => {
    expect(cluster.inputs.encryptionConfigKeyArn).toMatch(/^arn:aws:kms:us-east-1:/);
    expect(cluster.inputs.enabledClusterLogTypes).toEqual([
      'api',
      'audit',
      'authenticator',
      'controllerManager',
      'scheduler',
    ]);
    expect(prod.get('aws:cloudwatch/logGroup:LogGroup', 'cluster').inputs.name).toBe(
      '/aws/eks/prod-us-east-1/cluster',
    );
  });

  test('is administered by access entries, not by a ConfigMap', () => {
    expect(cluster.inputs.authenticationMode).toBe('API');
    expect(cluster.inputs.accessEntries).toMatchObject({
      'tenantry-deploy': {
        principalArn: 'arn:aws:iam::111122223333:role/tenantry-deploy',
        accessPolicies: { admin: { policyArn: expect.stringContaining('AmazonEKSClusterAdminPolicy') } },
      },
    });
  });

  test('cannot be deleted by mistake in prod', async () => {
    expect(cluster.inputs.deletionProtection).toBe(true);
    expect(cluster.options.protect).toBe(true);
    const dev = await infraGraph('dev');
    expect(dev.get('eks:index:Cluster', 'cluster').options.protect).toBe(false);
  });

  test('puts its network interfaces into private subnets', () => {
    expect(cluster.inputs.privateSubnetIds).toEqual(['private-a-id', 'private-b-id', 'private-c-id']);
    expect(cluster.inputs.nodeAssociatePublicIpAddress).toBe(false);
  });
});

describe('the add-ons', () => {
  test('are the network, DNS, volumes, snapshots, identities, metrics and secrets', () => {
    expect(
      prod
        .ofType('aws:eks/addon:Addon')
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([
      'aws-ebs-csi-driver',
      'aws-secrets-store-csi-driver-provider',
      'coredns',
      'eks-pod-identity-agent',
      'kube-proxy',
      'metrics-server',
      'snapshot-controller',
      'vpc-cni',
    ]);
  });

  test('enforce network policies', () => {
    expect(settingsOf('vpc-cni')).toMatchObject({ enableNetworkPolicy: 'true' });
  });

  test('have rights through Pod Identity, not through the nodes', () => {
    expect(addon('vpc-cni').inputs.podIdentityAssociations).toMatchObject([{ serviceAccount: 'aws-node' }]);
    expect(addon('aws-ebs-csi-driver').inputs.podIdentityAssociations).toMatchObject([
      { serviceAccount: 'ebs-csi-controller-sa' },
    ]);
    const ofNodes = prod
      .ofType('aws:iam/rolePolicyAttachment:RolePolicyAttachment')
      .filter(({ name }) => name.startsWith('system-nodes-') || name.startsWith('karpenter-nodes-'))
      .map(({ inputs }) => String(inputs.policyArn).split('/').at(-1));
    expect(new Set(ofNodes)).toEqual(
      new Set([
        'AmazonEKSWorkerNodePolicy',
        'AmazonEC2ContainerRegistryPullOnly',
        'AmazonSSMManagedInstanceCore',
      ]),
    );
  });

  test('that nodes need come before the nodes, the others after them', () => {
    const nodes = prod.get('aws:eks/nodeGroup:NodeGroup', 'system');
    for (const name of ['vpc-cni', 'kube-proxy', 'eks-pod-identity-agent']) {
      expect(
        nodes.options.dependencies.some((urn) => urn.endsWith(`::${name}`)),
        name,
      ).toBe(true);
    }
    for (const name of ['coredns', 'aws-ebs-csi-driver', 'metrics-server']) {
      expect(
        addon(name).options.dependencies.some((urn) => urn.endsWith('::system')),
        name,
      ).toBe(true);
    }
  });

  test('take the versions that the configuration names', async () => {
    const values = {
      version: '1.35',
      publicAccess: 'none',
      adminRoleArns: ['arn:aws:iam::111122223333:role/ops'],
    };
    const pinned = await infraGraph('dev', {
      'tenantry:cluster': {
        ...values,
        systemNodes: { instanceTypes: ['t4g.large'], min: 2, max: 4, desired: 2 },
        addonVersions: { coredns: 'v1.13.2-eksbuild.1' },
      },
    });
    expect(pinned.get('aws:eks/addon:Addon', 'coredns').inputs.addonVersion).toBe('v1.13.2-eksbuild.1');
    expect(pinned.get('aws:eks/addon:Addon', 'vpc-cni').inputs).not.toHaveProperty('addonVersion');
  });

  test('make encrypted gp3 the class of volumes that name none', () => {
    const [storageClass] = prod.objects().filter(({ kind }) => kind === 'StorageClass');
    expect(storageClass).toMatchObject({
      metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
      provisioner: 'ebs.csi.aws.com',
      parameters: { type: 'gp3', encrypted: 'true', kmsKeyId: expect.stringMatching(/^arn:aws:kms:/) },
      allowVolumeExpansion: true,
      volumeBindingMode: 'WaitForFirstConsumer',
    });
  });
});

describe('the system nodes', () => {
  test('stand in three zones', () => {
    expect(prod.get('aws:eks/nodeGroup:NodeGroup', 'system').inputs).toMatchObject({
      subnetIds: ['private-a-id', 'private-b-id', 'private-c-id'],
      scalingConfig: { minSize: 3, maxSize: 9, desiredSize: 3 },
      amiType: 'BOTTLEROCKET_ARM_64',
    });
  });

  test('run the version of the cluster, and follow it', async () => {
    const group = (graph: InfraGraph) => graph.get('aws:eks/nodeGroup:NodeGroup', 'system');
    const version = (stackValues('prod')['tenantry:cluster'] as { version: string }).version;
    expect(group(prod).inputs.version).toBe(version);
    const older = await infraGraph('dev', {
      'tenantry:cluster': { ...(stackValues('dev')['tenantry:cluster'] as object), version: '1.34' },
    });
    expect(group(older).inputs.version).toBe('1.34');
  });

  test('keep their credentials from pods and their disks from everybody', () => {
    const template = prod.get('aws:ec2/launchTemplate:LaunchTemplate', 'system-nodes').inputs;
    expect(template.metadataOptions).toMatchObject({ httpTokens: 'required', httpPutResponseHopLimit: 1 });
    const disks = template.blockDeviceMappings as { ebs: object }[];
    expect(disks).toHaveLength(2);
    for (const { ebs } of disks) {
      expect(ebs).toMatchObject({ encrypted: 'true', kmsKeyId: expect.stringMatching(/^arn:aws:kms:/) });
    }
  });

  test('carry the tags of the stack on all that comes with them', () => {
    const { tagSpecifications } = prod.get('aws:ec2/launchTemplate:LaunchTemplate', 'system-nodes').inputs;
    expect(tagSpecifications).toMatchObject(
      ['instance', 'volume', 'network-interface'].map((resourceType) => ({
        resourceType,
        tags: { 'tenantry:cell': 'prod-us-east-1', owner: 'platform' },
      })),
    );
  });

  test.each([
    ['m7g.large', 'BOTTLEROCKET_ARM_64'],
    ['t4g.large', 'BOTTLEROCKET_ARM_64'],
    ['c8gd.xlarge', 'BOTTLEROCKET_ARM_64'],
    ['m7i.large', 'BOTTLEROCKET_x86_64'],
    ['g6.xlarge', 'BOTTLEROCKET_x86_64'],
    ['m7a.large', 'BOTTLEROCKET_x86_64'],
  ])('of type %s run %s', (instanceType, expected) => {
    expect(amiType(instanceType)).toBe(expected);
  });
});
