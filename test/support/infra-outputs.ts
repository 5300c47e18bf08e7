/** Plays providers under mocks: enough outputs of each resource for the program to continue. */
export const accountId = '111122223333';

type Values = Record<string, unknown>;

/** Outputs of a resource that nobody made: its inputs, and what AWS would add, the same each time. */
export function mockOutputs(type: string, name: string, inputs: Values, region: string): Values {
  const own = typeof inputs.name === 'string' ? inputs.name : name;
  const special = outputsOf[type]?.(own, inputs, region) ?? {};
  const arn = type.startsWith('aws:') ? { arn: arnOf(type, own, inputs, region) } : {};
  return { name: own, ...arn, ...inputs, ...special };
}

/** Answer of a function of a provider. */
export function mockAnswer(token: string, inputs: Values, region: string): Values {
  const answer = answers[token];
  if (!answer)
    throw new Error(`The mocks do not know the function ${token}; teach them in infra-outputs.ts.`);
  return answer(inputs, region);
}

const answers: Record<string, (inputs: Values, region: string) => Values> = {
  'aws:index/getCallerIdentity:getCallerIdentity': () => ({
    accountId,
    arn: `arn:aws:iam::${accountId}:role/tenantry-deploy`,
    userId: 'AROAEXAMPLE',
    id: accountId,
  }),
  'aws:index/getRegion:getRegion': (_, region) => ({ name: region, region, id: region }),
  'aws:index/getPartition:getPartition': () => ({ partition: 'aws', dnsSuffix: 'amazonaws.com', id: 'aws' }),
  'aws:ec2/getManagedPrefixList:getManagedPrefixList': (inputs) => ({ ...inputs, id: 'pl-3b927c52' }),
  'aws:ec2/getVpc:getVpc': (inputs) => ({ ...inputs, id: 'vpc-0home', cidrBlock: '10.64.0.0/16' }),
  'aws:cognito/getUserPools:getUserPools': (inputs) => ({
    ...inputs,
    id: 'pools',
    ids: [`${String(inputs.region)}_aTh0me`],
    arns: [],
  }),
  'aws:cognito/getUserPoolClients:getUserPoolClients': (inputs) => ({
    ...inputs,
    id: 'clients',
    clientIds: ['other-client', 'page-at-home'],
    clientNames: ['other', `prod-${String(inputs.region)}-page`],
  }),
  'aws:ssm/getParameter:getParameter': (inputs, region) => ({
    ...inputs,
    id: String(inputs.name),
    insecureValue: `${accountId}.dkr.ecr.${region}.amazonaws.com/tenantry@sha256:${'d1'.repeat(32)}`,
  }),
  'aws:rds/getProxy:getProxy': (inputs) => ({
    ...inputs,
    id: String(inputs.name),
    endpoint: `${String(inputs.name)}.proxy-c0example.${String(inputs.region)}.rds.amazonaws.com`,
    vpcId: 'vpc-0home',
    vpcSecurityGroupIds: ['sg-0home-proxy'],
  }),
  'aws:ec2/getRouteTables:getRouteTables': (inputs) => ({
    ...inputs,
    id: 'rtbs',
    ids: ['rtb-0home-a', 'rtb-0home-b'],
  }),
  'aws:route53/getZone:getZone': (inputs) => ({
    ...inputs,
    id: 'Z0EXAMPLE',
    zoneId: 'Z0EXAMPLE',
    arn: 'arn:aws:route53:::hostedzone/Z0EXAMPLE',
  }),
  'aws:secretsmanager/getSecret:getSecret': (inputs, region) => ({
    ...inputs,
    arn: `arn:aws:secretsmanager:${region}:${accountId}:secret:${String(inputs.name)}-a1b2c3`,
  }),
  'aws:secretsmanager/getSecretVersion:getSecretVersion': (inputs) => ({
    ...inputs,
    id: String(inputs.secretId),
    secretString: 'correct-horse-battery-staple-0123',
  }),
  'eks:index:Cluster/getKubeconfig': () => ({ result: '{}' }),
};

type OutputsOf = (name: string, inputs: Values, region: string) => Values;

const outputsOf: Record<string, OutputsOf> = {
  'eks:index:Cluster': (name, _inputs, region) => ({
    eksCluster: {
      name,
      arn: `arn:aws:eks:${region}:${accountId}:cluster/${name}`,
      endpoint: `https://0123456789ABCDEF.gr7.${region}.eks.amazonaws.com`,
      version: '1.35',
      certificateAuthority: { data: 'Y2VydGlmaWNhdGU=' },
      vpcConfig: { clusterSecurityGroupId: 'sg-0cluster' },
    },
    kubeconfig: { apiVersion: 'v1', kind: 'Config' },
    kubeconfigJson: JSON.stringify({ apiVersion: 'v1', kind: 'Config' }),
    clusterSecurityGroupId: 'sg-0cluster',
    nodeSecurityGroupId: 'sg-0node',
    oidcProviderUrl: `https://oidc.eks.${region}.amazonaws.com/id/0123456789ABCDEF`,
    oidcProviderArn: `arn:aws:iam::${accountId}:oidc-provider/oidc.eks.${region}.amazonaws.com/id/0123456789ABCDEF`,
    oidcIssuer: `oidc.eks.${region}.amazonaws.com/id/0123456789ABCDEF`,
    awsProvider: null,
    core: {},
    instanceRoles: [],
  }),
  'aws:s3/bucket:Bucket': (name, inputs, region) => {
    const bucket = typeof inputs.bucket === 'string' ? inputs.bucket : name;
    return {
      bucket,
      arn: `arn:aws:s3:::${bucket}`,
      bucketDomainName: `${bucket}.s3.amazonaws.com`,
      bucketRegionalDomainName: `${bucket}.s3.${region}.amazonaws.com`,
      hostedZoneId: 'Z3AQBSTGFYJSTF',
    };
  },
  'aws:rds/instance:Instance': (name, inputs, region) => ({
    address: `${String(inputs.identifier ?? name)}.c0example.${region}.rds.amazonaws.com`,
    endpoint: `${String(inputs.identifier ?? name)}.c0example.${region}.rds.amazonaws.com:5432`,
    port: 5432,
    resourceId: 'db-ABCDEFGHIJKL',
    masterUserSecrets: [
      {
        kmsKeyId: 'key',
        secretArn: `arn:aws:secretsmanager:${region}:${accountId}:secret:rds!db-${name}-a1b2c3`,
        secretStatus: 'active',
      },
    ],
  }),
  'aws:rds/proxy:Proxy': (name, _inputs, region) => ({
    endpoint: `${name}.proxy-c0example.${region}.rds.amazonaws.com`,
    arn: `arn:aws:rds:${region}:${accountId}:db-proxy:prx-0123456789abcdef0`,
  }),
  'aws:rds/proxyEndpoint:ProxyEndpoint': (name, _inputs, region) => ({
    endpoint: `${name}.endpoint.proxy-c0example.${region}.rds.amazonaws.com`,
  }),
  'aws:elasticache/replicationGroup:ReplicationGroup': (name, _inputs, region) => ({
    primaryEndpointAddress: `master.${name}.abc123.${region}.cache.amazonaws.com`,
    readerEndpointAddress: `replica.${name}.abc123.${region}.cache.amazonaws.com`,
    configurationEndpointAddress: `${name}.abc123.${region}.cache.amazonaws.com`,
  }),
  'aws:cognito/userPool:UserPool': (_name, _inputs, region) => ({
    endpoint: `cognito-idp.${region}.amazonaws.com/${region}_aBcDeFgHi`,
  }),
  'aws:cognito/userPoolDomain:UserPoolDomain': () => ({
    cloudfrontDistribution: 'd222222abcdef8.cloudfront.net',
    cloudfrontDistributionZoneId: 'Z2FDTNDATAQYW2',
  }),
  'aws:sesv2/emailIdentity:EmailIdentity': () => ({
    dkimSigningAttributes: { nextSigningKeyLength: 'RSA_2048_BIT', tokens: ['dkim1', 'dkim2', 'dkim3'] },
  }),
  'aws:serverlessrepository/cloudFormationStack:CloudFormationStack': (name, _inputs, region) => ({
    outputs: { RotationLambdaARN: `arn:aws:lambda:${region}:${accountId}:function:${name}` },
  }),
  'aws:cloudfront/distribution:Distribution': () => ({
    domainName: 'd111111abcdef8.cloudfront.net',
    hostedZoneId: 'Z2FDTNDATAQYW2',
  }),
  'aws:acm/certificate:Certificate': (name, inputs) => ({
    domainValidationOptions: domainsOf(inputs, name).map((domainName) => ({
      domainName,
      resourceRecordName: `_0123456789abcdef.${domainName.replace(/^\*\./, '')}.`,
      resourceRecordType: 'CNAME',
      resourceRecordValue: '_fedcba9876543210.acm-validations.aws.',
    })),
  }),
  'aws:acm/certificateValidation:CertificateValidation': (_name, inputs) => ({
    certificateArn: inputs.certificateArn,
  }),
  'aws:route53/zone:Zone': () => ({
    zoneId: 'Z0EXAMPLE',
    nameServers: ['ns-1.awsdns-01.org', 'ns-2.awsdns-02.com', 'ns-3.awsdns-03.net', 'ns-4.awsdns-04.co.uk'],
  }),
  'aws:ec2/eip:Eip': () => ({ publicIp: '198.51.100.7', allocationId: 'eipalloc-0example' }),
  'aws:amp/workspace:Workspace': (_name, _inputs, region) => ({
    prometheusEndpoint: `https://aps-workspaces.${region}.amazonaws.com/workspaces/ws-0example/`,
  }),
  'aws:kms/key:Key': (name) => ({ keyId: `key-${name}` }),
  'aws:lb/loadBalancer:LoadBalancer': (name, _inputs, region) => ({
    dnsName: `${name}-0123456789.elb.${region}.amazonaws.com`,
    zoneId: 'Z26RNL4JYFTOTI',
  }),
  'random:index/randomPassword:RandomPassword': () => ({ result: 'correct-horse-battery-staple-0123' }),
  'random:index/randomBytes:RandomBytes': () => ({
    base64: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=',
    hex: '00',
  }),
};

function domainsOf(inputs: Values, name: string): string[] {
  const others = Array.isArray(inputs.subjectAlternativeNames)
    ? inputs.subjectAlternativeNames.map(String)
    : [];
  return [typeof inputs.domainName === 'string' ? inputs.domainName : name, ...others];
}

/** Services whose ARNs name no region. */
const global = new Set(['iam', 'cloudfront', 'route53', 's3']);

function arnOf(type: string, name: string, inputs: Values, region: string): string {
  const [, module = '', kind = ''] = type.split(':');
  const service = module.split('/')[0] ?? module;
  const given = typeof inputs.region === 'string' ? inputs.region : region;
  return `arn:aws:${service}:${global.has(service) ? '' : given}:${accountId}:${kind.toLowerCase()}/${name}`;
}
