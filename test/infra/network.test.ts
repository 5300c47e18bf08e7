import { beforeAll, describe, expect, test } from 'vitest';
import { subnetPlan, tiers } from '../../infra/subnets.ts';
import { type InfraGraph, infraGraph, stackNames, stackValues } from '../support/infra-graph.ts';

let prod: InfraGraph;
let dev: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod');
  dev = await infraGraph('dev');
});

describe('the plan of subnets', () => {
  const cidrs = stackNames.map((stack) => (stackValues(stack)['tenantry:network'] as { cidr: string }).cidr);

  test.each(cidrs)('of %s has nine, inside the network and apart from each other', (cidr) => {
    const plan = subnetPlan(cidr);
    const ranges = tiers.flatMap((tier) => plan[tier].map(rangeOf)).sort((a, b) => a.first - b.first);
    const whole = rangeOf(cidr);
    expect(ranges).toHaveLength(9);
    ranges.forEach(({ first, last }, index) => {
      expect(first).toBeGreaterThanOrEqual(whole.first);
      expect(last).toBeLessThanOrEqual(whole.last);
      expect(first).toBeGreaterThan(ranges[index - 1]?.last ?? -1);
    });
  });

  test('has room for the pods of thousands of tenants', () => {
    const addresses = subnetPlan('10.64.0.0/16').private.map(
      (cidr) => rangeOf(cidr).last - rangeOf(cidr).first + 1,
    );
    expect(addresses).toEqual([16_384, 16_384, 16_384]);
  });
});

describe('the network', () => {
  test('has each kind of subnet in three zones', () => {
    const subnets = prod
      .ofType('aws:ec2/subnet:Subnet')
      .map(({ name, inputs }) => [name, inputs.availabilityZone]);
    expect(subnets).toEqual(
      tiers
        .toSorted()
        .flatMap((tier) => ['a', 'b', 'c'].map((zone) => [`${tier}-${zone}`, `us-east-1${zone}`])),
    );
  });

  test('gives no address of the internet to what merely starts', () => {
    for (const { inputs } of prod.ofType('aws:ec2/subnet:Subnet'))
      expect(inputs.mapPublicIpOnLaunch).toBe(false);
  });

  test('goes out through the zone’s own gateway in prod', () => {
    expect(prod.ofType('aws:ec2/natGateway:NatGateway').map(({ name }) => name)).toEqual([
      'nat-a',
      'nat-b',
      'nat-c',
    ]);
    for (const zone of ['a', 'b', 'c']) {
      const route = prod.get('aws:ec2/route:Route', `private-${zone}-internet`);
      expect(route.inputs).toMatchObject({
        destinationCidrBlock: '0.0.0.0/0',
        natGatewayId: `nat-${zone}-id`,
      });
    }
  });

  test('goes out through one gateway in dev', () => {
    expect(dev.ofType('aws:ec2/natGateway:NatGateway')).toHaveLength(1);
    for (const zone of ['a', 'b', 'c']) {
      expect(dev.get('aws:ec2/route:Route', `private-${zone}-internet`).inputs.natGatewayId).toBe('nat-a-id');
    }
  });

  test('leaves databases no way out', () => {
    const tables = prod.ofType('aws:ec2/route:Route').map(({ inputs }) => inputs.routeTableId);
    expect(tables).not.toContain('isolated-id');
    const isolated = prod
      .ofType('aws:ec2/routeTableAssociation:RouteTableAssociation')
      .filter(({ inputs }) => inputs.routeTableId === 'isolated-id');
    expect(isolated.map(({ inputs }) => inputs.subnetId)).toEqual([
      'isolated-a-id',
      'isolated-b-id',
      'isolated-c-id',
    ]);
  });

  test('associates every subnet with exactly one table', () => {
    const associated = prod
      .ofType('aws:ec2/routeTableAssociation:RouteTableAssociation')
      .map(({ inputs }) => inputs.subnetId);
    const subnets = prod.ofType('aws:ec2/subnet:Subnet').map(({ name }) => `${name}-id`);
    expect(associated.toSorted()).toEqual(subnets.toSorted());
  });

  test('reaches S3, ECR, STS, Secrets Manager and logs without the internet', () => {
    const endpoints = prod
      .ofType('aws:ec2/vpcEndpoint:VpcEndpoint')
      .map(({ inputs }) => [inputs.serviceName, inputs.vpcEndpointType]);
    expect(Object.fromEntries(endpoints)).toEqual({
      'com.amazonaws.us-east-1.s3': 'Gateway',
      'com.amazonaws.us-east-1.ecr.api': 'Interface',
      'com.amazonaws.us-east-1.ecr.dkr': 'Interface',
      'com.amazonaws.us-east-1.sts': 'Interface',
      'com.amazonaws.us-east-1.secretsmanager': 'Interface',
      'com.amazonaws.us-east-1.logs': 'Interface',
    });
    expect(prod.get('aws:ec2/vpcEndpoint:VpcEndpoint', 's3').inputs.routeTableIds).toEqual([
      'private-a-id',
      'private-b-id',
      'private-c-id',
      'isolated-id',
    ]);
    expect(prod.get('aws:ec2/vpcEndpoint:VpcEndpoint', 'sts').inputs).toMatchObject({
      privateDnsEnabled: true,
      subnetIds: ['private-a-id', 'private-b-id', 'private-c-id'],
    });
  });

  test('logs every flow, encrypted', () => {
    expect(prod.get('aws:ec2/flowLog:FlowLog', 'flow').inputs).toMatchObject({
      vpcId: 'vpc-id',
      trafficType: 'ALL',
    });
    expect(prod.get('aws:cloudwatch/logGroup:LogGroup', 'flow').inputs).toMatchObject({
      retentionInDays: 90,
      kmsKeyId: expect.stringContaining('arn:aws:kms:'),
    });
  });

  test('lets the service of flow logs, and nobody else, write into their group alone', () => {
    const { iamRoleArn, logDestination } = prod.get('aws:ec2/flowLog:FlowLog', 'flow').inputs;
    expect(iamRoleArn).toMatch(/:role\/prod-us-east-1-flow-logs$/);
    expect(statementsOf(prod.get('aws:iam/role:Role', 'flow-logs').inputs.assumeRolePolicy)).toMatchObject([
      { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'vpc-flow-logs.amazonaws.com' } },
    ]);
    expect(statementsOf(prod.get('aws:iam/rolePolicy:RolePolicy', 'flow-logs').inputs.policy)).toEqual([
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents', 'logs:DescribeLogStreams'],
        Resource: `${String(logDestination)}:*`,
      },
    ]);
  });

  test('takes the rules of the group that every VPC begins with', () => {
    expect(prod.get('aws:ec2/defaultSecurityGroup:DefaultSecurityGroup', 'default').inputs).toMatchObject({
      ingress: [],
      egress: [],
    });
  });
});

function statementsOf(policy: unknown): object[] {
  return JSON.parse(String(policy)).Statement;
}

function rangeOf(cidr: string): { first: number; last: number } {
  const [address = '', prefix = '32'] = cidr.split('/');
  const first = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return { first, last: first + 2 ** (32 - Number(prefix)) - 1 };
}
