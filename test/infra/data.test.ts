import { beforeAll, describe, expect, test } from 'vitest';
import { cacheAvailability } from '../../infra/cache.ts';
import { environments } from '../../infra/config.ts';
import { rotationDays } from '../../infra/database/rotation.ts';
import { stateSecretsProvider } from '../../infra/keys.ts';
import { logRetentionDays } from '../../infra/log-retention.ts';
import { regions } from '../../infra/regions.ts';
import { agedTags } from '../../infra/storage/age-recordings.ts';
import { findPlan } from '../../tenants/catalog/index.ts';
import { type GraphResource, type InfraGraph, infraGraph } from '../support/infra-graph.ts';

let prod: InfraGraph;
let dev: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod', {
    'tenantry:database': {
      instanceClass: 'db.r8g.xlarge',
      storageGb: 200,
      maxStorageGb: 2000,
      readReplicas: 2,
      multiAz: true,
      dedicatedInstances: [{ name: 'acme', instanceClass: 'db.r8g.large', storageGb: 50 }],
    },
  });
  dev = await infraGraph('dev');
}, 120_000);

interface Statement {
  Sid?: string;
  Effect: string;
  Principal?: unknown;
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, unknown>>;
}

function statements(resource: GraphResource): Statement[] {
  return JSON.parse(String(resource.inputs.policy)).Statement;
}

function statement(resource: GraphResource, sid: string): Statement {
  const found = statements(resource).find(({ Sid }) => Sid === sid);
  if (!found) throw new Error(`${resource.name} has no statement ${sid}`);
  return found;
}

const instance = (graph: InfraGraph, name: string) => graph.get('aws:rds/instance:Instance', name).inputs;

describe('keys', () => {
  test('are one for each kind of data, rotated, and slow to delete', () => {
    const keys = prod.ofType('aws:kms/key:Key');
    expect(keys.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['cluster', 'database', 'cache', 'storage', 'state', 'secrets', 'logs']),
    );
    for (const { inputs } of keys) {
      expect(inputs).toMatchObject({ enableKeyRotation: true, deletionWindowInDays: 30 });
    }
  });

  test('let a service use them only for things of this account', () => {
    expect(statement(prod.get('aws:kms/key:Key', 'logs'), 'LogGroups').Condition).toEqual({
      ArnLike: { 'kms:EncryptionContext:aws:logs:arn': 'arn:aws:logs:us-east-1:111122223333:log-group:*' },
    });
    expect(statement(prod.get('aws:kms/key:Key', 'cluster'), 'VolumesThroughEc2').Condition).toEqual({
      StringEquals: { 'kms:CallerAccount': '111122223333', 'kms:ViaService': 'ec2.us-east-1.amazonaws.com' },
    });
  });

  test('of state and secrets are the same in the region of disaster recovery', () => {
    for (const name of ['state', 'secrets']) {
      expect(prod.get('aws:kms/key:Key', name).inputs.multiRegion).toBe(true);
      expect(prod.get('aws:kms/replicaKey:ReplicaKey', `${name}-replica`).inputs.region).toBe('us-west-2');
    }
    expect(dev.ofType('aws:kms/replicaKey:ReplicaKey')).toEqual([]);
  });

  test('open the state of tenants’ stacks to Pulumi by an alias', () => {
    expect(stateSecretsProvider({ cellId: 'prod-us-east-1', region: 'us-east-1' })).toBe(
      'awskms://alias/prod-us-east-1-state?region=us-east-1',
    );
    expect(prod.get('aws:kms/alias:Alias', 'state').inputs.name).toBe('alias/prod-us-east-1-state');
  });
});

describe('log retention', () => {
  test.each([
    [1, 1],
    [2, 3],
    [7, 7],
    [45, 60],
    [366, 400],
    [3_653, 3_653],
    [9_999, 3_653],
  ])('of %i days becomes %i, which CloudWatch offers', (asked, offered) => {
    expect(logRetentionDays(asked)).toBe(offered);
  });
});

describe('PostgreSQL', () => {
  test('stands in two zones and can go back to any moment of 35 days', () => {
    expect(instance(prod, 'main')).toMatchObject({
      engine: 'postgres',
      multiAz: true,
      backupRetentionPeriod: 35,
      storageEncrypted: true,
      publiclyAccessible: false,
      instanceClass: 'db.r8g.xlarge',
      allocatedStorage: 200,
      maxAllocatedStorage: 2000,
    });
    expect(instance(prod, 'main').kmsKeyId).toContain('kms');
  });

  test('is not deleted by a slip, and leaves a snapshot when it is deleted', () => {
    expect(instance(prod, 'main')).toMatchObject({
      deletionProtection: true,
      skipFinalSnapshot: false,
      finalSnapshotIdentifier: 'prod-us-east-1-main-final',
      deleteAutomatedBackups: false,
      copyTagsToSnapshot: true,
    });
    expect(prod.get('aws:rds/instance:Instance', 'main').options.protect).toBe(true);
    expect(instance(dev, 'main')).toMatchObject({ deletionProtection: false, skipFinalSnapshot: true });
  });

  test('refuses connections without TLS', () => {
    const { parameters } = prod.get('aws:rds/parameterGroup:ParameterGroup', 'database').inputs;
    expect(parameters).toContainEqual({ name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' });
    expect(parameters).toContainEqual(
      expect.objectContaining({ name: 'ssl_min_protocol_version', value: 'TLSv1.2' }),
    );
  });

  test('shows what it does: insights, the system’s figures, logs', () => {
    expect(instance(prod, 'main')).toMatchObject({
      performanceInsightsEnabled: true,
      monitoringInterval: 15,
      enabledCloudwatchLogsExports: ['postgresql', 'upgrade'],
    });
    expect(prod.get('aws:cloudwatch/logGroup:LogGroup', 'main-postgresql').inputs).toMatchObject({
      name: '/aws/rds/instance/prod-us-east-1-main/postgresql',
      retentionInDays: 90,
    });
  });

  test('has as many replicas as the configuration says, with the source’s key', () => {
    const replicas = prod
      .ofType('aws:rds/instance:Instance')
      .filter(({ inputs }) => inputs.replicateSourceDb !== undefined);
    expect(replicas.map(({ name }) => name)).toEqual(['main-replica-1', 'main-replica-2']);
    for (const { inputs } of replicas) {
      expect(inputs).toMatchObject({ replicateSourceDb: 'prod-us-east-1-main', storageEncrypted: true });
      expect(inputs).not.toHaveProperty('kmsKeyId');
      expect(inputs).not.toHaveProperty('password');
      expect(inputs).not.toHaveProperty('dbSubnetGroupName');
    }
    expect(
      dev.ofType('aws:rds/instance:Instance').filter(({ inputs }) => inputs.replicateSourceDb !== undefined),
    ).toEqual([]);
  });

  test('keeps tenants off the control plane’s server, on one that bounds what a login can use up', () => {
    expect(instance(prod, 'tenants')).toMatchObject({
      identifier: 'prod-us-east-1-tenants',
      multiAz: true,
      backupRetentionPeriod: 35,
      deletionProtection: true,
      parameterGroupName: 'prod-us-east-1-tenants-postgres17',
    });
    expect(instance(prod, 'main').parameterGroupName).toBe('prod-us-east-1-postgres17');
    expect(instance(prod, 'dedicated-acme').parameterGroupName).toBe('prod-us-east-1-tenants-postgres17');
    const { parameters } = prod.get('aws:rds/parameterGroup:ParameterGroup', 'tenants').inputs;
    expect(parameters).toEqual(
      expect.arrayContaining([
        { name: 'rds.force_ssl', value: '1', applyMethod: 'immediate' },
        { name: 'temp_file_limit', value: '524288', applyMethod: 'immediate' },
        { name: 'max_locks_per_transaction', value: '256', applyMethod: 'pending-reboot' },
      ]),
    );
  });

  test('has a server of its own for each dedicated tenant, as safe as the shared one', () => {
    expect(instance(prod, 'dedicated-acme')).toMatchObject({
      identifier: 'prod-us-east-1-dedicated-acme',
      instanceClass: 'db.r8g.large',
      allocatedStorage: 50,
      multiAz: true,
      backupRetentionPeriod: 35,
      deletionProtection: true,
    });
  });

  test('has its password in Secrets Manager, changed every 30 days, secret in the state', () => {
    expect(rotationDays).toBe(30);
    for (const name of ['main', 'tenants', 'dedicated-acme']) {
      const server = prod.get('aws:rds/instance:Instance', name);
      expect(server.secrets).toContain('password');
      // What rotation has changed is not changed back.
      expect(server.options.ignoreChanges).toContain('password');
      const version = prod.get('aws:secretsmanager/secretVersion:SecretVersion', `database-${name}`);
      expect(version.secrets).toContain('secretString');
      expect(version.options.ignoreChanges).toContain('secretString');
      expect(JSON.parse(String(version.inputs.secretString))).toMatchObject({
        engine: 'postgres',
        username: 'tenantry',
        dbname: 'tenantry',
        port: 5432,
      });
      expect(prod.get('aws:secretsmanager/secretRotation:SecretRotation', name).inputs).toMatchObject({
        rotationRules: { scheduleExpression: 'rate(30 days)' },
        rotateImmediately: false,
      });
    }
  });

  test('is reached through a proxy that asks for TLS and keeps connections for others', () => {
    expect(prod.get('aws:rds/proxy:Proxy', 'database').inputs).toMatchObject({
      engineFamily: 'POSTGRESQL',
      requireTls: true,
    });
    expect(
      prod.get('aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup', 'database').inputs
        .connectionPoolConfig,
    ).toMatchObject({ maxConnectionsPercent: 60 });
    expect(prod.get('aws:rds/proxyTarget:ProxyTarget', 'database').inputs.dbInstanceIdentifier).toBe(
      'prod-us-east-1-main',
    );
  });

  test('lets the proxy log in with the owner’s secret, the only one that it may read', () => {
    const { auths, roleArn } = prod.get('aws:rds/proxy:Proxy', 'database').inputs;
    const [read, open] = statements(prod.get('aws:iam/rolePolicy:RolePolicy', 'database-proxy'));
    expect(read?.Resource).toMatch(/^arn:aws:secretsmanager:.*database-main$/);
    expect(auths).toEqual([
      {
        authScheme: 'SECRETS',
        secretArn: read?.Resource,
        iamAuth: 'DISABLED',
        clientPasswordAuthType: 'POSTGRES_SCRAM_SHA_256',
        description: 'Owner of the database',
      },
    ]);
    expect(read?.Action).toBe('secretsmanager:GetSecretValue');
    expect(open).toMatchObject({
      Action: 'kms:Decrypt',
      Condition: { StringEquals: { 'kms:ViaService': 'secretsmanager.us-east-1.amazonaws.com' } },
    });
    expect(roleArn).toMatch(/:role\/prod-us-east-1-database-proxy$/);
    const trust = String(prod.get('aws:iam/role:Role', 'database-proxy').inputs.assumeRolePolicy);
    expect(JSON.parse(trust).Statement).toMatchObject([{ Principal: { Service: 'rds.amazonaws.com' } }]);
  });

  test('is copied to the region of disaster recovery as it changes', () => {
    const copies = prod.ofType(
      'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication',
    );
    expect(copies.map(({ name }) => name).sort()).toEqual(['dedicated-acme', 'main', 'tenants']);
    for (const { inputs } of copies)
      expect(inputs).toMatchObject({ region: 'us-west-2', retentionPeriod: 35 });
  });

  test('lets in the pods, the proxy and the rotation, by groups and not by addresses', () => {
    const rules = prod.ofType('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule');
    const intoServer = rules.filter(({ name }) => name.startsWith('database-from-'));
    expect(intoServer.map(({ name }) => name).sort()).toEqual([
      'database-from-pods',
      'database-from-proxy',
      'database-from-rotation',
    ]);
    for (const { inputs } of intoServer) {
      expect(inputs).toMatchObject({ ipProtocol: 'tcp', fromPort: 5432, toPort: 5432 });
      expect(inputs.referencedSecurityGroupId).toBeTruthy();
      expect(inputs).not.toHaveProperty('cidrIpv4');
    }
  });
});

describe('Redis', () => {
  const cache = (graph: InfraGraph) =>
    graph.get('aws:elasticache/replicationGroup:ReplicationGroup', 'cache').inputs;

  test('fails over to another zone', () => {
    expect(cache(prod)).toMatchObject({
      numCacheClusters: 3,
      multiAzEnabled: true,
      automaticFailoverEnabled: true,
    });
  });

  test.each([
    { replicas: 0, nodes: 1, safe: false },
    { replicas: 1, nodes: 2, safe: true },
    { replicas: 5, nodes: 6, safe: true },
  ])('with $replicas replicas has $nodes nodes', ({ replicas, nodes, safe }) => {
    expect(cacheAvailability(replicas)).toEqual({
      numCacheClusters: nodes,
      automaticFailoverEnabled: safe,
      multiAzEnabled: safe,
    });
  });

  test('encrypts what it keeps and what it sends', () => {
    for (const graph of [prod, dev]) {
      expect(cache(graph)).toMatchObject({
        atRestEncryptionEnabled: true,
        transitEncryptionEnabled: true,
        transitEncryptionMode: 'required',
      });
      expect(cache(graph).kmsKeyId).toContain('kms');
    }
  });

  test('asks for a user with a password, who may not do what is for operators', () => {
    const user = prod.get('aws:elasticache/user:User', 'cache');
    expect(user.inputs.authenticationMode).toMatchObject({ type: 'password' });
    expect(user.inputs.accessString).toMatch(/ -@admin -@dangerous/);
    expect(prod.get('aws:elasticache/userGroup:UserGroup', 'cache').inputs.userIds).toHaveLength(1);
    const secret = prod.get('aws:secretsmanager/secretVersion:SecretVersion', 'cache');
    expect(secret.secrets).toContain('secretString');
    expect(JSON.parse(String(secret.inputs.secretString)).url).toMatch(/^rediss:\/\/tenantry:/);
  });
});

const bucketNames = ['assets', 'recordings', 'backups', 'state'] as const;

describe('S3', () => {
  const everyBucket = (graph: InfraGraph) => graph.ofType('aws:s3/bucket:Bucket').map(({ name }) => name);

  test('has a bucket for each kind, its copies, and the access logs of both', () => {
    const copied = [...bucketNames, 'access-logs'];
    expect(everyBucket(prod)).toEqual(
      expect.arrayContaining(copied.flatMap((name) => [name, `${name}-replica`])),
    );
    expect(everyBucket(dev)).toEqual(expect.arrayContaining(copied));
    expect(everyBucket(dev).filter((name) => name.endsWith('-replica'))).toEqual([]);
  });

  test('closes every bucket to the public, to old TLS and to none', () => {
    for (const name of everyBucket(prod)) {
      expect(prod.get('aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock', name).inputs).toMatchObject({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
      expect(prod.get('aws:s3/bucketOwnershipControls:BucketOwnershipControls', name).inputs.rule).toEqual({
        objectOwnership: 'BucketOwnerEnforced',
      });
      const policy = prod.get('aws:s3/bucketPolicy:BucketPolicy', name);
      expect(statement(policy, 'DenyInsecureTransport')).toMatchObject({
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      });
      expect(statement(policy, 'DenyOldTls').Condition).toEqual({
        NumericLessThan: { 's3:TlsVersion': '1.2' },
      });
      expect(
        prod.get('aws:s3/bucketVersioning:BucketVersioning', name).inputs.versioningConfiguration,
      ).toEqual({ status: 'Enabled' });
    }
  });

  test('encrypts with our keys, but where log delivery takes none', () => {
    for (const name of everyBucket(prod)) {
      const { rules } = prod.get(
        'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration',
        name,
      ).inputs as { rules: { applyServerSideEncryptionByDefault: { sseAlgorithm: string } }[] };
      const { sseAlgorithm } = rules[0]?.applyServerSideEncryptionByDefault ?? {};
      expect(sseAlgorithm, name).toBe(name.startsWith('access-logs') ? 'AES256' : 'aws:kms');
    }
  });

  test('names buckets within the 63 characters that S3 allows, in every environment and region', () => {
    const kinds = new Set([...bucketNames, 'logs'].flatMap((kind) => [kind, `${kind}-replica`]));
    for (const kind of ['assets', 'recordings-replica']) {
      const { bucket } = prod.get('aws:s3/bucket:Bucket', kind).inputs;
      expect(bucket).toBe(`tenantry-prod-us-east-1-${kind}-111122223333`);
    }
    for (const environment of environments) {
      for (const region of regions) {
        for (const kind of kinds) {
          expect(`tenantry-${environment}-${region}-${kind}-111122223333`.length).toBeLessThanOrEqual(63);
        }
      }
    }
  });

  test('keeps the state of stacks from everybody but its owners', () => {
    const locked = statement(prod.get('aws:s3/bucketPolicy:BucketPolicy', 'state'), 'DenyStrangers');
    expect(locked).toMatchObject({ Effect: 'Deny', Principal: '*' });
    expect(locked.Condition?.ArnNotLike?.['aws:PrincipalArn']).toEqual([
      'arn:aws:iam::111122223333:root',
      'arn:aws:iam::111122223333:role/prod-us-east-1-control-plane*',
      'arn:aws:iam::111122223333:role/prod-us-east-1-replication',
      'arn:aws:iam::111122223333:role/tenantry-deploy',
      'arn:aws:iam::111122223333:role/tenantry-operator',
    ]);
    expect(locked.Action).toContain('s3:GetObject*');
  });

  test('lets stacks’ histories go after a year, and never their states', () => {
    const { rules } = prod.get('aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration', 'state')
      .inputs as { rules: { id: string; filter: { prefix: string }; expiration?: { days?: number } }[] };
    const expiring = rules.filter(({ expiration }) => expiration?.days !== undefined);
    expect(expiring).toMatchObject([{ filter: { prefix: '.pulumi/history/' }, expiration: { days: 365 } }]);
  });

  test('copies every kind to the other region with the key of that place', () => {
    for (const name of bucketNames) {
      const { rules } = prod.get('aws:s3/bucketReplicationConfig:BucketReplicationConfig', name).inputs as {
        rules: { status: string; destination: Record<string, unknown> }[];
      };
      expect(rules[0]).toMatchObject({
        status: 'Enabled',
        deleteMarkerReplication: { status: 'Enabled' },
        sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
      });
      expect(rules[0]?.destination).toHaveProperty('encryptionConfiguration.replicaKmsKeyId');
      expect(prod.get('aws:s3/bucket:Bucket', `${name}-replica`).inputs.region).toBe('us-west-2');
    }
  });

  test.each([
    { plan: 'free', days: 7 },
    { plan: 'professional', days: 30 },
    { plan: 'business', days: 90 },
    { plan: 'enterprise', days: 365 },
  ])(
    'keeps recordings of $plan $days days: 7 in Standard, then infrequent access to day 90, then Glacier',
    ({ plan, days }) => {
      expect(findPlan('stream', plan)?.entitlements.recordingRetentionDays).toBe(days);
      for (const [name, graph] of [
        ['recordings', prod],
        ['recordings-replica', prod],
        ['recordings', dev],
      ] as const) {
        const { rules } = graph.get(
          'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration',
          name,
        ).inputs;
        const life = Array.from({ length: days + 1 }, (_, day) => storageClassOn(day, days, rules as Rule[]));
        expect(life.lastIndexOf('STANDARD')).toBe(6);
        expect(life.indexOf('STANDARD_IA')).toBe(days > 7 ? 7 : -1);
        expect(life.lastIndexOf('STANDARD_IA')).toBe(days > 7 ? Math.min(days, 90) - 1 : -1);
        expect(life.indexOf('GLACIER')).toBe(days > 90 ? 90 : -1);
        expect(life.indexOf(null)).toBe(days);
      }
    },
  );

  test('has recordings aged every day by a function that may touch nothing else', () => {
    expect(prod.get('aws:cloudwatch/eventRule:EventRule', 'age-recordings').inputs.scheduleExpression).toBe(
      'cron(30 1 * * ? *)',
    );
    const { input } = prod.get('aws:cloudwatch/eventTarget:EventTarget', 'age-recordings').inputs;
    expect(JSON.parse(String(input))).toEqual({
      bucket: 'tenantry-prod-us-east-1-recordings-111122223333',
      standardDays: 7,
      retentionTag: 'retention-days',
      agedTag: 'aged',
    });
    const policy = prod.get('aws:iam/rolePolicy:RolePolicy', 'age-recordings');
    expect(statement(policy, 'WriteAnew').Resource).toBe(
      'arn:aws:s3:::tenantry-prod-us-east-1-recordings-111122223333/*',
    );
    expect(statements(policy).flatMap(({ Action }) => Action)).not.toContain('s3:DeleteObject');
  });

  test('keeps data of the EU in the EU', async () => {
    const eu = await infraGraph('prod-eu-west-1');
    expect(eu.ofType('aws:s3/bucketReplicationConfig:BucketReplicationConfig')).toEqual([]);
    for (const type of ['aws:s3/bucket:Bucket', 'aws:rds/instance:Instance', 'aws:backup/vault:Vault']) {
      for (const { inputs, name } of eu.ofType(type)) {
        expect(inputs.region ?? 'eu-west-1', `${type} ${name}`).toBe('eu-west-1');
      }
    }
  }, 120_000);
});

interface Rule {
  readonly status: string;
  readonly filter?: {
    readonly tag?: { key: string; value: string };
    readonly and?: { tags: Record<string, string> };
  };
  readonly transitions?: readonly { days: number; storageClass: string }[];
  readonly expiration?: { readonly days: number };
}

/**
 * Where the bucket's rules have a recording on a day of its life; null when it is gone. On its seventh day the function
 * has written it anew in infrequent access with the tag `aged`, from which S3 counts its days again.
 */
function storageClassOn(day: number, retentionDays: number, rules: readonly Rule[]): string | null {
  const tags = [{ Key: 'retention-days', Value: String(retentionDays) }];
  const anew =
    day < 7 ? null : agedTags(tags, { standardDays: 7, retentionTag: 'retention-days', agedTag: 'aged' });
  const age = anew ? day - 7 : day;
  const has = (key: string, value: string) =>
    (anew ?? tags).some(({ Key, Value }) => Key === key && Value === value);
  const fitting = rules.filter(({ status, filter }) => {
    const asked = filter?.and?.tags ?? (filter?.tag ? { [filter.tag.key]: filter.tag.value } : null);
    return (
      status === 'Enabled' && asked !== null && Object.entries(asked).every(([key, value]) => has(key, value))
    );
  });
  if (fitting.some(({ expiration }) => expiration && age >= expiration.days)) return null;
  const moves = fitting.flatMap(({ transitions = [] }) => transitions).filter(({ days }) => age >= days);
  const last = moves.toSorted((a, b) => a.days - b.days).at(-1);
  return last?.storageClass ?? (anew ? 'STANDARD_IA' : 'STANDARD');
}
