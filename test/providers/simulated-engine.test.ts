import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import {
  type PlatformPreview,
  PlatformPreviewError,
  type PlatformPreviewOptions,
  previewPlatform,
} from '../../automation/preview/platform.ts';
import { newProject } from '../support/pulumi-project.ts';

/** The simulated providers under the real engine, with a program that has one thing of each kind. */

const program = `
  import * as aws from '@pulumi/aws';
  import * as eks from '@pulumi/eks';
  import * as k8s from '@pulumi/kubernetes';
  import * as pulumi from '@pulumi/pulumi';
  const config = new pulumi.Config();
  const vpc = new aws.ec2.Vpc('main', { cidrBlock: config.require('cidr') });
  const zones = aws.getAvailabilityZonesOutput({}).names;
  const subnets = [0, 1].map((index) => new aws.ec2.Subnet('private-' + index, {
    vpcId: vpc.id, cidrBlock: '10.0.' + index + '.0/24', availabilityZone: zones[index] ?? '',
  }));
  const cluster = new eks.Cluster('cluster', {
    name: 'prod', version: '1.35', vpcId: vpc.id, privateSubnetIds: subnets.map(({ id }) => id),
    authenticationMode: 'API', skipDefaultNodeGroup: true, skipDefaultSecurityGroups: true,
    accessEntries: { operator: { principalArn: 'arn:aws:iam::111122223333:role/operator' } },
  });
  const database = new aws.rds.Instance('database', {
    identifier: 'main', engine: 'postgres', instanceClass: config.require('instanceClass'),
    allocatedStorage: 20, username: 'admin', password: config.requireSecret('password'),
  });
  const provider = new k8s.Provider('cluster', { kubeconfig: cluster.kubeconfigJson });
  new k8s.apps.v1.Deployment('web', {
    metadata: { name: 'web', namespace: 'default' },
    spec: {
      selector: { matchLabels: { app: 'web' } },
      template: {
        metadata: { labels: { app: 'web' } },
        spec: { containers: [{ name: 'web', image: 'web', env: [{ name: 'DATABASE', value: database.endpoint }] }] },
      },
    },
  }, { provider });
  new k8s.helm.v3.Release('karpenter', {
    name: 'karpenter', chart: 'karpenter', version: '1.8.0', values: { clusterName: cluster.eksCluster.name },
  }, { provider });
  export const kubeconfig = cluster.kubeconfigJson;
`;

const settings = (values: Record<string, string>) =>
  `config:\n  aws:region: eu-west-1\n${Object.entries({
    cidr: '10.0.0.0/16',
    instanceClass: 'db.t4g.micro',
    password: 'hunter2',
    ...values,
  })
    .map(([key, value]) => `  small:${key}: ${value}\n`)
    .join('')}`;

let projectDir: string;
let stateDir: string;
let first: PlatformPreview;

const previewWith = async (
  values: Record<string, string>,
  options: Partial<PlatformPreviewOptions> = {},
): Promise<PlatformPreview> => {
  await writeFile(join(projectDir, 'Pulumi.prod.yaml'), settings(values));
  return previewPlatform({ stack: 'prod', projectDir, stateDir, providers: 'simulated', ...options });
};

const shown = ({ steps }: PlatformPreview) =>
  steps.map(({ op, type, name, changes }) => [
    op,
    type,
    name,
    ...changes.map(({ path, replaces }) => `${path}${replaces ? ' (replaces)' : ''}`),
  ]);

beforeAll(async () => {
  projectDir = await newProject({ 'program/index.ts': program });
  stateDir = await mkdtemp(join(inject('runDir'), 'previews-'));
  first = await previewWith({}, { record: true });
});

test('a first preview shows everything as new, the parts of the cluster component too', () => {
  expect(new Set(first.steps.map(({ op }) => op))).toEqual(new Set(['create']));
  const made = first.steps.map(({ type, name }) => `${type} ${name}`);
  expect(made).toEqual(
    expect.arrayContaining([
      'eks:index:Cluster cluster',
      'aws:eks/cluster:Cluster cluster-eksCluster',
      'aws:iam/role:Role cluster-eksRole-role',
      'aws:eks/addon:Addon cluster-vpc-cni',
      'aws:eks/accessEntry:AccessEntry cluster-operator',
      'kubernetes:apps/v1:Deployment web',
      'kubernetes:helm.sh/v3:Release karpenter',
    ]),
  );
});

test('what AWS will say is unknown, and what the program says is not', () => {
  const inputsOf = (name: string) => first.steps.find((step) => step.name === name)?.after;
  expect(inputsOf('private-0')).toMatchObject({ vpcId: '[unknown]', availabilityZone: 'eu-west-1a' });
  expect(inputsOf('cluster-eksCluster')).toMatchObject({
    name: 'prod',
    roleArn: '[unknown]',
    vpcConfig: { subnetIds: ['[unknown]', '[unknown]'] },
  });
  expect(inputsOf('database')).toMatchObject({ identifier: 'main', password: '[secret]' });
});

test('secrets are in no part of a preview', () => {
  expect(JSON.stringify(first)).not.toContain('hunter2');
});

test('once kept, nothing has changed', async () => {
  const again = await previewWith({});
  expect(shown(again)).toEqual([]);
  expect(again.unchanged).toBe(first.steps.length);
});

test('a change of size is an update of one thing', async () => {
  const changed = await previewWith({ instanceClass: 'db.r8g.large' });
  expect(shown(changed)).toEqual([['update', 'aws:rds/instance:Instance', 'database', 'instanceClass']]);
  const [change] = changed.steps[0]?.changes ?? [];
  expect(change).toMatchObject({
    kind: 'update',
    before: 'db.t4g.micro',
    after: 'db.r8g.large',
    secret: false,
  });
});

test('a change of a secret is told without it', async () => {
  const changed = await previewWith({ password: 'correct-horse' });
  expect(shown(changed)).toEqual([['update', 'aws:rds/instance:Instance', 'database', 'password']]);
  expect(JSON.stringify(changed)).not.toMatch(/hunter2|correct-horse/);
});

test('a change of the network replaces what stands in it, and says why', async () => {
  const changed = shown(await previewWith({ cidr: '10.9.0.0/16' }));
  expect(changed).toContainEqual(['replace', 'aws:ec2/vpc:Vpc', 'main', 'cidrBlock (replaces)']);
  expect(changed).toContainEqual(['replace', 'aws:ec2/subnet:Subnet', 'private-0', 'vpcId (replaces)']);
  expect(changed).toContainEqual([
    'update',
    'aws:eks/cluster:Cluster',
    'cluster-eksCluster',
    'vpcConfig.subnetIds[0]',
    'vpcConfig.subnetIds[1]',
  ]);
  expect(changed.filter(([, type]) => type === 'aws:rds/instance:Instance')).toEqual([]);
});

test('what is no longer in the program is deleted', async () => {
  const file = join(projectDir, 'program/index.ts');
  await writeFile(file, program.replace(/new k8s\.helm[\s\S]*?\}, \{ provider \}\);/, ''));
  const changed = await previewWith({}).finally(() => writeFile(file, program));
  expect(shown(changed)).toEqual([['delete', 'kubernetes:helm.sh/v3:Release', 'karpenter']]);
});

test('a refused input fails the preview with its reason', async () => {
  const file = join(projectDir, 'program/index.ts');
  await writeFile(file, program.replace("identifier: 'main'", "identifier: 'Main_DB'"));
  const failure = await previewWith({})
    .then(() => null)
    .catch((error: unknown) => error)
    .finally(() => writeFile(file, program));
  expect(failure).toBeInstanceOf(PlatformPreviewError);
  expect(String(failure)).toContain('"Main_DB" is not a name that AWS allows here');
});
