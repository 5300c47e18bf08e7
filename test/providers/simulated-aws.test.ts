import { describe, expect, test } from 'vitest';
import { type PropertyMap, Secret, unknown } from '../../automation/providers/properties.ts';
import type { OperationContext } from '../../automation/providers/provider.ts';
import { SimulatedAws } from '../../automation/providers/simulated/aws/provider.ts';

const aws = new SimulatedAws();
const write = { preview: false, timeoutMs: null };
const preview = { preview: true, timeoutMs: null };

function contextOf(
  type: string,
  name = 'thing',
  config: PropertyMap = { region: 'eu-west-1' },
): OperationContext {
  return {
    urn: `urn:pulumi:prod::tenantry::${type}::${name}`,
    type,
    config,
    signal: new AbortController().signal,
    status: () => {},
    warn: () => {},
  };
}

async function checked(type: string, inputs: PropertyMap, oldInputs: PropertyMap | null = null) {
  return aws.check(contextOf(type), { inputs, oldInputs });
}

async function failuresOf(type: string, inputs: PropertyMap): Promise<string[]> {
  const { failures } = await checked(type, inputs);
  return failures.map(({ property, reason }) => `${property}: ${reason}`);
}

/** Inputs as the engine has them after a check. */
async function accepted(type: string, inputs: PropertyMap, config?: PropertyMap): Promise<PropertyMap> {
  const result = await aws.check(contextOf(type, 'thing', config), { inputs, oldInputs: null });
  expect(result.failures).toEqual([]);
  return result.inputs;
}

async function diff(type: string, before: PropertyMap, after: PropertyMap) {
  const [oldInputs, inputs] = [await accepted(type, before), await accepted(type, after)];
  return aws.diff(contextOf(type), { old: oldInputs, oldInputs, inputs });
}

const vpc = 'aws:ec2/vpc:Vpc';
const bucket = 'aws:s3/bucket:Bucket';
const instance = 'aws:rds/instance:Instance';

describe('what a check refuses', () => {
  test.each([
    ['a type that the SDK does not have', 'aws:ec2/vpc:Vpcs', {}, /not a resource of @pulumi\/aws/],
    ['an input that the type does not have', vpc, { cidr: '10.0.0.0/16' }, /^cidr: there is no such input/],
    ['a missing input', 'aws:ec2/subnet:Subnet', { cidrBlock: '10.0.0.0/24' }, /^vpcId: it is required/],
    [
      'an output that was put into a text as it is',
      bucket,
      { tags: { Name: 'Calling [toString] on an [Output<T>] is not supported.' } },
      /^tags\.Name: it contains "Calling \[toString\]/,
    ],
    [
      'an object as a text',
      bucket,
      { tags: { Name: 'a-[object Object]' } },
      /"\[object Object\]", which is no text/,
    ],
    [
      'a value that is not there, in an ARN',
      'aws:iam/rolePolicyAttachment:RolePolicyAttachment',
      { role: 'r', policyArn: 'arn:aws:iam::undefined:policy/p' },
      /^policyArn: .* is made of a value that is not there/,
    ],
    [
      'a bucket with capitals',
      bucket,
      { bucket: 'Assets' },
      /^bucket: "Assets" is not a name that AWS allows/,
    ],
    [
      'a role with a name too long',
      'aws:iam/role:Role',
      { name: 'r'.repeat(65), assumeRolePolicy: '{}' },
      /AWS allows 64/,
    ],
    [
      'a balancer with a name too long',
      'aws:lb/loadBalancer:LoadBalancer',
      { name: 'l'.repeat(33) },
      /AWS allows 32/,
    ],
    [
      'an instance with underscores',
      instance,
      { identifier: 'my_db', instanceClass: 'db.t4g.micro' },
      /^identifier/,
    ],
    ['an alias without its prefix', 'aws:kms/alias:Alias', { name: 'state', targetKeyId: 'k' }, /^name/],
  ])('%s', async (_, type, inputs, message) => {
    expect(await failuresOf(type, inputs)).toEqual([expect.stringMatching(message)]);
  });

  test('prose may speak of undefined things', async () => {
    expect(
      await failuresOf('aws:kms/key:Key', { description: 'undefined behaviour is null and void' }),
    ).toEqual([]);
  });

  test('values that are not known yet are not looked at', async () => {
    expect(await failuresOf(bucket, { bucket: unknown, tags: unknown })).toEqual([]);
  });

  test('a region that is none', () => {
    expect(aws.checkConfig({ region: 'us-east' })).toHaveLength(1);
    expect(aws.checkConfig({ region: 'ap-southeast-1' })).toEqual([]);
    expect(aws.checkConfig({ region: unknown })).toEqual([]);
  });
});

describe('names that the program leaves out', () => {
  test('are the logical name and seven digits, the same every time', async () => {
    const first = await accepted(bucket, {});
    expect(first.bucket).toMatch(/^thing-[0-9a-f]{7}$/);
    expect(await accepted(bucket, {})).toEqual(first);
  });

  test('stay once given', async () => {
    const { inputs } = await checked(bucket, {}, { bucket: 'earlier-1234567', __defaults: ['bucket'] });
    expect(inputs.bucket).toBe('earlier-1234567');
  });

  test('fit where AWS allows few characters', async () => {
    const context = contextOf('aws:lb/loadBalancer:LoadBalancer', 'a-balancer-with-a-very-long-logical-name');
    const { inputs, failures } = await aws.check(context, { inputs: {}, oldInputs: null });
    expect(failures).toEqual([]);
    expect(String(inputs.name)).toHaveLength(32);
  });
});

describe('tags', () => {
  const defaultTags = JSON.stringify({ tags: { owner: 'platform', stage: 'prod' } });

  test("are the resource's and the provider's default ones", async () => {
    const inputs = await accepted(vpc, { cidrBlock: '10.0.0.0/16', tags: { stage: 'own' } }, { defaultTags });
    expect(inputs.tagsAll).toEqual({ owner: 'platform', stage: 'own' });
  });

  test('are not added to what takes none', async () => {
    const inputs = await accepted('aws:ec2/route:Route', { routeTableId: 'rtb-1' }, { defaultTags });
    expect(inputs).toEqual({ routeTableId: 'rtb-1' });
  });
});

describe('a difference', () => {
  test('is told property by property', async () => {
    const { changes } = await diff(
      'aws:eks/nodeGroup:NodeGroup',
      {
        clusterName: 'c',
        nodeRoleArn: 'r',
        subnetIds: ['a'],
        scalingConfig: { minSize: 1, maxSize: 3, desiredSize: 1 },
      },
      {
        clusterName: 'c',
        nodeRoleArn: 'r',
        subnetIds: ['a'],
        scalingConfig: { minSize: 1, maxSize: 9, desiredSize: 1 },
        labels: { 'a/b': '1' },
      },
    );
    expect(changes).toEqual([
      { path: 'labels', kind: 'add', replace: false },
      { path: 'scalingConfig.maxSize', kind: 'update', replace: false },
    ]);
  });

  test('is none where inputs are the same', async () => {
    const inputs = { cidrBlock: '10.0.0.0/16', tags: { a: 'b' } };
    expect(await diff(vpc, inputs, { ...inputs })).toEqual({ changes: [], deleteBeforeReplace: false });
  });

  test.each<[string, PropertyMap, PropertyMap, string[]]>([
    [vpc, { cidrBlock: '10.0.0.0/16' }, { cidrBlock: '10.1.0.0/16' }, ['cidrBlock']],
    [vpc, { enableDnsHostnames: false }, { enableDnsHostnames: true }, []],
    [
      'aws:ec2/subnet:Subnet',
      { vpcId: 'v', availabilityZone: 'a' },
      { vpcId: 'v', availabilityZone: 'b' },
      ['availabilityZone'],
    ],
    [instance, { instanceClass: 'db.t4g.micro' }, { instanceClass: 'db.r8g.large' }, []],
    [
      instance,
      { instanceClass: 'c', engine: 'postgres' },
      { instanceClass: 'c', engine: 'mysql' },
      ['engine'],
    ],
    [
      instance,
      { instanceClass: 'c', storageEncrypted: false },
      { instanceClass: 'c', storageEncrypted: true },
      ['storageEncrypted'],
    ],
    [bucket, { bucket: 'assets-one' }, { bucket: 'assets-two' }, ['bucket']],
    [bucket, { region: 'eu-west-1' }, { region: 'us-east-1' }, ['region']],
    ['aws:kms/key:Key', { multiRegion: false }, { multiRegion: true }, ['multiRegion']],
    [
      'aws:eks/cluster:Cluster',
      { roleArn: 'r', vpcConfig: { subnetIds: ['a'] } },
      { roleArn: 'r', vpcConfig: { subnetIds: ['b'] } },
      [],
    ],
    [
      'aws:eks/cluster:Cluster',
      { roleArn: 'r', vpcConfig: {} },
      { roleArn: 's', vpcConfig: {} },
      ['roleArn'],
    ],
    ['aws:cognito/userPool:UserPool', { mfaConfiguration: 'OFF' }, { mfaConfiguration: 'ON' }, []],
  ])('of %s from %o to %o replaces because of %j', async (type, before, after, expected) => {
    const { changes } = await diff(type, before, after);
    expect(changes.length).toBeGreaterThan(0);
    expect(changes.filter(({ replace }) => replace).map(({ path }) => path)).toEqual(expected);
  });

  test('replaces when it will be known only then whether it does', async () => {
    const { changes } = await diff('aws:ec2/routeTable:RouteTable', { vpcId: 'vpc-1' }, { vpcId: unknown });
    expect(changes).toEqual([{ path: 'vpcId', kind: 'update', replace: true }]);
  });

  test('of something with a name of its own deletes it first, and not of something named by us', async () => {
    const of = (name: PropertyMap) =>
      diff(
        instance,
        { ...name, instanceClass: 'c', engine: 'a' },
        { ...name, instanceClass: 'c', engine: 'b' },
      );
    expect((await of({ identifier: 'main' })).deleteBeforeReplace).toBe(true);
    expect((await of({})).deleteBeforeReplace).toBe(false);
  });
});

describe('a preview of something new', () => {
  test('knows the inputs and none of what AWS will say', async () => {
    const inputs = await accepted(vpc, { cidrBlock: '10.0.0.0/16' });
    const { id, properties } = await aws.create(contextOf(vpc), inputs, preview);
    expect(id).toBe('');
    expect(properties).toMatchObject({
      cidrBlock: '10.0.0.0/16',
      arn: unknown,
      defaultSecurityGroupId: unknown,
    });
  });

  test('does not know what AWS adds inside an input', async () => {
    const inputs = await accepted('aws:eks/cluster:Cluster', {
      roleArn: 'r',
      vpcConfig: { subnetIds: ['a'] },
    });
    const { properties } = await aws.create(contextOf('aws:eks/cluster:Cluster'), inputs, preview);
    expect(properties.vpcConfig).toMatchObject({ subnetIds: ['a'], clusterSecurityGroupId: unknown });
  });
});

describe('something created', () => {
  const create = async (type: string, inputs: PropertyMap, config?: PropertyMap, name = 'thing') =>
    aws.create(contextOf(type, name, config), await accepted(type, inputs, config), write);

  test('has the id and the ARN that AWS would give it, in its region', async () => {
    const made = await create(vpc, { cidrBlock: '10.0.0.0/16' }, { region: 'ap-southeast-1' });
    expect(made.id).toMatch(/^vpc-[0-9a-f]{17}$/);
    expect(made.properties.arn).toBe(`arn:aws:ec2:ap-southeast-1:111122223333:vpc/${made.id}`);
  });

  test('is in the region that it names itself, not the provider', async () => {
    const made = await create('aws:sqs/queue:Queue', { name: 'q', region: 'us-west-2' });
    expect(made.id).toBe('https://sqs.us-west-2.amazonaws.com/111122223333/q');
  });

  test('is the same every time, and differs from every other', async () => {
    const once = await create(vpc, { cidrBlock: '10.0.0.0/16' });
    expect(await create(vpc, { cidrBlock: '10.0.0.0/16' })).toEqual(once);
    expect((await create(vpc, { cidrBlock: '10.0.0.0/16' }, undefined, 'other')).id).not.toBe(once.id);
    expect((await create(vpc, { cidrBlock: '10.1.0.0/16' })).id).not.toBe(once.id);
  });

  test.each<[string, PropertyMap, string | RegExp, string | RegExp]>([
    [bucket, { bucket: 'assets' }, 'assets', 'arn:aws:s3:::assets'],
    [
      instance,
      { identifier: 'main', instanceClass: 'c' },
      /^db-[0-9A-F]{26}$/,
      'arn:aws:rds:eu-west-1:111122223333:db:main',
    ],
    [
      'aws:iam/role:Role',
      { name: 'node', assumeRolePolicy: '{}' },
      'node',
      'arn:aws:iam::111122223333:role/node',
    ],
    [
      'aws:kms/key:Key',
      { multiRegion: true },
      /^mrk-[0-9a-f]{32}$/,
      /^arn:aws:kms:eu-west-1:111122223333:key\/mrk-/,
    ],
    [
      'aws:acm/certificate:Certificate',
      { domainName: 'a.example.com' },
      /^arn:aws:acm:/,
      /^arn:aws:acm:eu-west-1:111122223333:certificate\//,
    ],
    [
      'aws:wafv2/webAcl:WebAcl',
      { name: 'w', scope: 'CLOUDFRONT', defaultAction: {}, visibilityConfig: {} },
      /-/,
      /:global\/webacl\/w\//,
    ],
  ])('of type %s with %o has the id %s', async (type, inputs, id, arn) => {
    const made = await create(type, inputs);
    expect(made.id).toEqual(typeof id === 'string' ? id : expect.stringMatching(id));
    expect(made.properties.arn).toEqual(typeof arn === 'string' ? arn : expect.stringMatching(arn));
  });

  test('keeps secrets secret', async () => {
    const made = await create(instance, { instanceClass: 'c', password: new Secret('hunter2') });
    expect(made.properties.password).toEqual(new Secret('hunter2'));
  });

  test('is refused while an input is unknown', async () => {
    const inputs: PropertyMap = { vpcId: unknown, tags: { a: unknown } };
    await expect(aws.create(contextOf('aws:ec2/routeTable:RouteTable'), inputs, write)).rejects.toThrow(
      'still unknown when created: vpcId, tags.a',
    );
  });

  test('keeps what AWS said when it is updated, and loses what the program no longer says', async () => {
    const made = await create(vpc, { cidrBlock: '10.0.0.0/16', tags: { a: 'b' }, enableDnsHostnames: true });
    const inputs = await accepted(vpc, { cidrBlock: '10.0.0.0/16', tags: { a: 'c' } });
    const updated = await aws.update(contextOf(vpc), { old: made.properties, inputs }, write);
    expect(updated).toMatchObject({ arn: made.properties.arn, tags: { a: 'c' }, tagsAll: { a: 'c' } });
  });
});

describe('questions', () => {
  const ask = async (token: string, asked: PropertyMap = {}) =>
    (await aws.invoke({ token, arguments: asked, config: { region: 'eu-west-1' }, preview: true })).result;

  test('about the account, the region and its zones are answered', async () => {
    expect(await ask('aws:index/getCallerIdentity:getCallerIdentity')).toMatchObject({
      accountId: '111122223333',
    });
    expect(await ask('aws:index/getRegion:getRegion')).toMatchObject({
      region: 'eu-west-1',
      name: 'eu-west-1',
    });
    expect(await ask('aws:index/getPartition:getPartition')).toMatchObject({ partition: 'aws' });
    expect(await ask('aws:index/getAvailabilityZones:getAvailabilityZones')).toMatchObject({
      names: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'],
      zoneIds: ['euw1-az1', 'euw1-az2', 'euw1-az3'],
    });
  });

  test('for a policy document are answered as AWS renders it', async () => {
    const { json } = await ask('aws:iam/getPolicyDocument:getPolicyDocument', {
      statements: [
        {
          actions: ['s3:PutObject', 's3:GetObject'],
          resources: ['arn:aws:s3:::b/*'],
          principals: [{ type: 'Service', identifiers: ['ec2.amazonaws.com'] }],
          conditions: [{ test: 'Bool', variable: 'aws:SecureTransport', values: ['true'] }],
        },
      ],
    });
    expect(JSON.parse(String(json))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:GetObject', 's3:PutObject'],
          Resource: 'arn:aws:s3:::b/*',
          Principal: { Service: 'ec2.amazonaws.com' },
          Condition: { Bool: { 'aws:SecureTransport': 'true' } },
        },
      ],
    });
  });

  test('for a parameter of an account stay open, for a public one do not', async () => {
    const token = 'aws:ssm/getParameter:getParameter';
    expect((await ask(token, { name: '/own/password' })).value).toBe(unknown);
    expect((await ask(token, { name: '/aws/service/bottlerocket/image_id' })).value).toMatch(/^ami-/);
  });

  test('that nobody answers are refused by name', async () => {
    await expect(ask('aws:ec2/getInstances:getInstances')).rejects.toThrow('getInstances is not simulated');
  });
});
