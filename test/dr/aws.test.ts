/** What recovery really sends to AWS: the SDK's requests, answered by a server of ours. */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { rdsServers } from '../../automation/dr/rds.ts';
import type { DatabaseServers } from '../../automation/dr/servers.ts';
import { route53Traffic, trafficStep } from '../../automation/dr/traffic.ts';

let http: HttpServer;
let servers: DatabaseServers;
let route53: Route53Client;
/** Parameters of every request to RDS, and bodies of those to Route 53. */
let asked: Record<string, string>[];
let healthCheck: { disabled: boolean; inverted: boolean };

const instance = `<DBInstance>
  <DBInstanceIdentifier>prod-main</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>
  <DBInstanceArn>arn:aws:rds:us-east-1:1:db:prod-main</DBInstanceArn><DBInstanceClass>db.r8g.xlarge</DBInstanceClass>
  <Endpoint><Address>prod-main.rds.test</Address><Port>5432</Port></Endpoint>
  <MultiAZ>true</MultiAZ><BackupRetentionPeriod>35</BackupRetentionPeriod><DeletionProtection>true</DeletionProtection>
  <DBSubnetGroup><DBSubnetGroupName>prod-us-east-1</DBSubnetGroupName></DBSubnetGroup>
  <VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId></VpcSecurityGroupMembership></VpcSecurityGroups>
  <DBParameterGroups><DBParameterGroup><DBParameterGroupName>prod-postgres17</DBParameterGroupName></DBParameterGroup></DBParameterGroups>
  <TagList><Tag><Key>tenantry:recovery</Key><Value>r1</Value></Tag></TagList>
</DBInstance>`;
const backup = (status: string, region: string, until: string) => `<DBInstanceAutomatedBackup>
  <DBInstanceIdentifier>prod-main</DBInstanceIdentifier><DbiResourceId>db-OLD</DbiResourceId>
  <DBInstanceAutomatedBackupsArn>arn:aws:rds:us-east-1:1:auto-backup:ab-1</DBInstanceAutomatedBackupsArn>
  <Region>${region}</Region><Status>${status}</Status>
  <RestoreWindow><EarliestTime>2026-10-17T00:00:00Z</EarliestTime><LatestTime>${until}</LatestTime></RestoreWindow>
</DBInstanceAutomatedBackup>`;
let backups = '';

function rdsAnswer(action: string, id: string | undefined): [number, string] {
  const wrap = (inner: string) =>
    `<${action}Response><${action}Result>${inner}</${action}Result></${action}Response>`;
  switch (action) {
    case 'DescribeDBInstances':
      return id === 'prod-main'
        ? [200, wrap(`<DBInstances>${instance}</DBInstances>`)]
        : [
            404,
            '<ErrorResponse><Error><Type>Sender</Type><Code>DBInstanceNotFound</Code><Message>no</Message></Error></ErrorResponse>',
          ];
    case 'DescribeDBInstanceAutomatedBackups':
      return [200, wrap(`<DBInstanceAutomatedBackups>${backups}</DBInstanceAutomatedBackups>`)];
    case 'DescribeDBProxyTargets':
      return [200, wrap('<Targets><member><RdsResourceId>prod-main</RdsResourceId></member></Targets>')];
    default:
      return [200, wrap('')];
  }
}

const healthChecks = () => `<ListHealthChecksResponse><HealthChecks><HealthCheck>
  <Id>hc-1</Id><CallerReference>x</CallerReference><HealthCheckVersion>1</HealthCheckVersion>
  <HealthCheckConfig><Type>HTTPS</Type><FullyQualifiedDomainName>origin.test</FullyQualifiedDomainName>
  <Inverted>${healthCheck.inverted}</Inverted><Disabled>${healthCheck.disabled}</Disabled></HealthCheckConfig>
</HealthCheck></HealthChecks><Marker></Marker><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHealthChecksResponse>`;

beforeAll(async () => {
  http = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (request.url?.includes('/healthcheck')) {
        if (request.method === 'POST') {
          asked.push({ body });
          const read = (name: string) => body.includes(`<${name}>true</${name}>`);
          healthCheck = { disabled: read('Disabled'), inverted: read('Inverted') };
          const [one] = /<HealthCheck>[\s\S]*<\/HealthCheck>/.exec(healthChecks()) ?? [''];
          return response.end(`<UpdateHealthCheckResponse>${one}</UpdateHealthCheckResponse>`);
        }
        return response.end(healthChecks());
      }
      if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
        response.setHeader('content-type', 'application/x-amz-json-1.1');
        return response.end(
          JSON.stringify({
            SecretString: JSON.stringify({ username: 'tenantry', password: 'of-the-secret' }),
          }),
        );
      }
      const parameters = Object.fromEntries(new URLSearchParams(body));
      asked.push(parameters);
      const [status, answer] = rdsAnswer(parameters.Action ?? '', parameters.DBInstanceIdentifier);
      response.writeHead(status, { 'content-type': 'text/xml' });
      return response.end(answer);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const settings = {
    endpoint: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  };
  servers = rdsServers({
    rds: new RDSClient(settings),
    secrets: new SecretsManagerClient(settings),
    region: 'us-east-1',
  });
  route53 = new Route53Client(settings);
});
afterAll(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});
beforeEach(() => {
  asked = [];
  backups = backup('active', 'us-east-1', '2026-11-21T09:55:00Z');
  healthCheck = { disabled: false, inverted: false };
});

/** The one request that changed something. */
const changes = () => asked.filter(({ Action }) => !Action?.startsWith('Describe'));
const settings = { multiAz: true, backupRetentionDays: 35, deletionProtection: true };

test('a server is read as recovery knows it, and one that is not there is null', async () => {
  expect(await servers.find('prod-main')).toEqual({
    id: 'prod-main',
    status: 'available',
    host: 'prod-main.rds.test',
    replicaOf: null,
    ...settings,
    tags: { 'tenantry:recovery': 'r1' },
  });
  expect(await servers.find('gone')).toBeNull();
});

test.each([
  ['of a server that stands', 'active', 'us-east-1', { SourceDBInstanceIdentifier: 'prod-main' }],
  ['of a server that is gone', 'retained', 'us-east-1', { SourceDbiResourceId: 'db-OLD' }],
  [
    'of another region',
    'replicating',
    'us-west-2',
    { SourceDBInstanceAutomatedBackupsArn: 'arn:aws:rds:us-east-1:1:auto-backup:ab-1' },
  ],
])(
  'backups %s are restored from their own source, into the network of another server',
  async (_what, status, region, source) => {
    backups = backup(status, region, '2026-11-21T09:55:00Z');
    const window = await servers.backups('prod-main');
    if (!window) throw new Error('no backups');
    await servers.restore({
      backup: window,
      target: 'prod-new',
      at: null,
      like: 'prod-main',
      tags: { a: 'b' },
    });
    expect(changes()).toMatchObject([
      {
        Action: 'RestoreDBInstanceToPointInTime',
        ...source,
        TargetDBInstanceIdentifier: 'prod-new',
        UseLatestRestorableTime: 'true',
        DBSubnetGroupName: 'prod-us-east-1',
        'VpcSecurityGroupIds.VpcSecurityGroupId.1': 'sg-1',
        DBParameterGroupName: 'prod-postgres17',
        PubliclyAccessible: 'false',
        'Tags.Tag.1.Key': 'a',
      },
    ]);
  },
);

test('of several servers that had a name the backups that reach furthest count', async () => {
  backups =
    backup('retained', 'us-east-1', '2026-11-01T00:00:00Z') +
    backup('active', 'us-east-1', '2026-11-21T09:55:00Z');
  expect(await servers.backups('prod-main')).toMatchObject({
    source: { kind: 'instance' },
    until: new Date('2026-11-21T09:55:00Z'),
  });
});

test('a server made like none is refused before RDS is asked', async () => {
  const window = await servers.backups('prod-main');
  if (!window) throw new Error('no backups');
  await expect(
    servers.restore({ backup: window, target: 'x', at: null, like: null, tags: {} }),
  ).rejects.toThrow(/no server is left/);
  expect(changes()).toEqual([]);
});

test('changes are asked for at once, the password is that of the secret', async () => {
  await servers.promote('prod-main', settings);
  await servers.rename('prod-main', 'prod-old');
  await servers.adjust('prod-main', settings);
  await servers.takePassword('prod-main', 'tenantry/prod/database-main');
  expect(changes()).toMatchObject([
    { Action: 'PromoteReadReplica', BackupRetentionPeriod: '35' },
    { Action: 'ModifyDBInstance', NewDBInstanceIdentifier: 'prod-old', ApplyImmediately: 'true' },
    { Action: 'ModifyDBInstance', MultiAZ: 'true', DeletionProtection: 'true', ApplyImmediately: 'true' },
    { Action: 'ModifyDBInstance', MasterUserPassword: 'of-the-secret', ApplyImmediately: 'true' },
  ]);
});

test('the proxy is taken from what it knew and given the server', async () => {
  await servers.connectProxy('prod-main', 'prod-main');
  expect(changes().map(({ Action }) => Action)).toEqual([
    'DeregisterDBProxyTargets',
    'RegisterDBProxyTargets',
  ]);
});

test('a region is held down by a check that is disabled and inverted, and let go by neither', async () => {
  const traffic = route53Traffic(route53);
  const away = trafficStep(traffic, 'origin.test', true);
  expect((await away.look()).state).toBe('todo');
  await away.act();
  expect(healthCheck).toEqual({ disabled: true, inverted: true });
  expect((await away.look()).state).toBe('done');
  const back = trafficStep(traffic, 'origin.test', false);
  await back.act();
  expect(healthCheck).toEqual({ disabled: false, inverted: false });
  await expect(trafficStep(traffic, 'elsewhere.test', true).look()).rejects.toThrow(
    /no health check of elsewhere.test/,
  );
});
