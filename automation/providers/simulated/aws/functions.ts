/** Answers to programs' questions to AWS (`aws.getX`), from the configuration alone. */
import {
  isArray,
  isMap,
  type PropertyMap,
  type PropertyValue,
  reveal,
  Secret,
  unknown,
} from '../../properties.ts';
import { digits } from '../identity.ts';
import { dnsSuffixOf, type Place, zonesOf } from './place.ts';
import { renderPolicyDocument } from './policy-document.ts';

type Answer = (asked: PropertyMap, place: Place) => PropertyMap;

/** Answers by token. Every answer also has the arguments of the question. */
export const functions: Readonly<Record<string, Answer>> = {
  'aws:index/getCallerIdentity:getCallerIdentity': (_, { partition, account }) => ({
    id: account,
    accountId: account,
    arn: `arn:${partition}:iam::${account}:user/preview`,
    userId: 'AIDAPREVIEW',
  }),
  'aws:index/getPartition:getPartition': (_, { partition }) => ({
    id: partition,
    partition,
    dnsSuffix: dnsSuffixOf(partition),
    reverseDnsPrefix: 'com.amazonaws',
  }),
  'aws:index/getRegion:getRegion': (_, { region }) => ({
    id: region,
    region,
    name: region,
    endpoint: `ec2.${region}.amazonaws.com`,
    description: region,
  }),
  'aws:index/getAvailabilityZones:getAvailabilityZones': (_, { region }) => {
    const zones = zonesOf(region);
    return { id: region, names: zones.names, zoneIds: zones.ids, groupNames: [region] };
  },
  'aws:index/getDefaultTags:getDefaultTags': () => ({ id: 'aws', tags: {} }),
  'aws:iam/getPolicyDocument:getPolicyDocument': (asked) => {
    const json = renderPolicyDocument(asked);
    return { id: digits(json, 10), json, minifiedJson: JSON.stringify(JSON.parse(json)) };
  },
  'aws:iam/getPolicy:getPolicy': (asked, { partition }) => {
    const name = text(asked.name) || (text(asked.arn).split('/').at(-1) ?? '');
    const arn = text(asked.arn) || `arn:${partition}:iam::aws:policy/${name}`;
    return { id: arn, arn, name, path: '/', policy: '{}', policyId: `ANPA${digits(arn, 17).toUpperCase()}` };
  },
  'aws:eks/getAddonVersion:getAddonVersion': (asked) => {
    const version = addonVersion(text(asked.addonName), text(asked.kubernetesVersion));
    return { id: text(asked.addonName), version };
  },
  'aws:eks/getClusterAuth:getClusterAuth': (asked) => ({
    id: text(asked.name),
    token: `k8s-aws-v1.${digits(text(asked.name), 32)}`,
  }),
  'aws:ssm/getParameter:getParameter': (asked, { partition, region, account }) => {
    const name = text(asked.name);
    const value = parameter(name, region);
    return {
      id: name,
      arn: `arn:${partition}:ssm:${region}:${account}:parameter/${name.replace(/^\//, '')}`,
      type: 'String',
      value,
      insecureValue: value,
      version: 1,
    };
  },
  'aws:cognito/getUserPools:getUserPools': (asked, { partition, region, account }) => {
    const id = `${region}_${digits(text(asked.name), 9)}`;
    return { id, ids: [id], arns: [`arn:${partition}:cognito-idp:${region}:${account}:userpool/${id}`] };
  },
  'aws:cognito/getUserPoolClients:getUserPoolClients': (asked) => ({
    id: text(asked.userPoolId),
    clientIds: [digits(text(asked.userPoolId), 26)],
    clientNames: ['simulated-page'],
  }),
  'aws:ec2/getAmi:getAmi': (asked, { region }) => {
    const id = `ami-${digits(JSON.stringify([region, asked]), 17)}`;
    return { id, imageId: id, architecture: 'x86_64', rootDeviceName: '/dev/xvda' };
  },
  'aws:ec2/getManagedPrefixList:getManagedPrefixList': (asked, { region }) => {
    const id = `pl-${digits(`${region}${text(asked.name)}`, 17)}`;
    return { id, name: text(asked.name), addressFamily: 'IPv4', entries: [], maxEntries: 55, version: 1 };
  },
  'aws:ec2/getPrefixList:getPrefixList': (asked, { region }) => {
    const id = `pl-${digits(`${region}${text(asked.name)}`, 8)}`;
    return { id, name: text(asked.name), cidrBlocks: [] };
  },
  'aws:ec2/getRouteTables:getRouteTables': (asked, { region }) => {
    const vpc = text(asked.vpcId);
    const ids = [1, 2, 3, 4, 5].map((table) => `rtb-${digits(`${region}${vpc}${table}`, 17)}`);
    return { id: region, ids, tags: {} };
  },
  'aws:rds/getProxy:getProxy': (asked, { partition, region, account }) => {
    const name = text(asked.name);
    return {
      id: name,
      name,
      arn: `arn:${partition}:rds:${region}:${account}:db-proxy:prx-${digits(name, 17)}`,
      endpoint: `${name}.proxy-${digits(account, 12)}.${region}.rds.amazonaws.com`,
      engineFamily: 'POSTGRESQL',
      requireTls: true,
      idleClientTimeout: 1800,
      debugLogging: false,
      auths: [],
      roleArn: `arn:${partition}:iam::${account}:role/${name}-proxy`,
      vpcId: `vpc-${digits(`${region}${name}`, 17)}`,
      vpcSecurityGroupIds: [`sg-${digits(`${region}${name}`, 17)}`],
      vpcSubnetIds: [1, 2, 3].map((zone) => `subnet-${digits(`${region}${name}${zone}`, 17)}`),
    };
  },
  'aws:route53/getZone:getZone': (asked, { partition }) => {
    const name = text(asked.name);
    const zoneId = text(asked.zoneId) || `Z${digits(name, 20).toUpperCase()}`;
    return {
      id: zoneId,
      zoneId,
      name,
      arn: `arn:${partition}:route53:::hostedzone/${zoneId}`,
      nameServers: ['ns-1.awsdns-01.org', 'ns-2.awsdns-02.co.uk'],
    };
  },
  'aws:cloudfront/getCachePolicy:getCachePolicy': (asked) => managedPolicy(asked, 'cache-policy'),
  'aws:cloudfront/getOriginRequestPolicy:getOriginRequestPolicy': (asked) =>
    managedPolicy(asked, 'origin-request-policy'),
  'aws:cloudfront/getResponseHeadersPolicy:getResponseHeadersPolicy': (asked) =>
    managedPolicy(asked, 'response-headers-policy'),
  'aws:secretsmanager/getSecret:getSecret': (asked, { partition, region, account }) => {
    const name = text(asked.name);
    const arn =
      text(asked.arn) ||
      `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-${digits(name, 6)}`;
    return { id: arn, arn, name, description: '', kmsKeyId: '', policy: '', tags: {} };
  },
  'aws:secretsmanager/getSecretVersion:getSecretVersion': (asked, { partition, region, account }) => {
    const name = text(asked.secretId);
    const arn = `arn:${partition}:secretsmanager:${region}:${account}:secret:${name}-${digits(name, 6)}`;
    return {
      id: `${arn}|AWSCURRENT`,
      arn,
      secretId: name,
      secretString: new Secret(digits(`${arn}value`, 48)),
      secretBinary: '',
      versionId: digits(arn, 32),
      versionStage: 'AWSCURRENT',
      versionStages: ['AWSCURRENT'],
      createdDate: '2026-01-01T00:00:00Z',
    };
  },
};

/** Undefined for a function that the simulation does not know. */
export function answer(token: string, asked: PropertyMap, place: Place): PropertyMap | undefined {
  const known = functions[token];
  return known && { ...asked, region: place.region, ...known(asked, place) };
}

/** EKS's version for a cluster of the given one; the numbers are invented, their form is not. */
function addonVersion(addon: string, kubernetesVersion: string): string {
  if (addon === 'kube-proxy') return `v${kubernetesVersion}.0-eksbuild.1`;
  const known: Record<string, string> = {
    'vpc-cni': 'v1.21.1-eksbuild.1',
    coredns: 'v1.13.1-eksbuild.1',
    'aws-ebs-csi-driver': 'v1.54.0-eksbuild.1',
    'eks-pod-identity-agent': 'v1.3.10-eksbuild.1',
    'metrics-server': 'v0.8.1-eksbuild.1',
  };
  return known[addon] ?? 'v1.0.0-eksbuild.1';
}

/** Public parameters name images; others are unknown without an account. */
function parameter(name: string, region: string): PropertyValue {
  // As a deployment records it (`tenantry:controlPlane.imageParameter`).
  if (name.endsWith('/image')) return `111122223333.dkr.ecr.${region}.amazonaws.com/tenantry:deployed`;
  if (/image_id|ami-id/.test(name)) return `ami-${digits(`${region}${name}`, 17)}`;
  return name.startsWith('/aws/service/') ? digits(name, 12) : unknown;
}

function managedPolicy(asked: PropertyMap, kind: string): PropertyMap {
  const name = text(asked.name);
  const hex = digits(`${kind}/${name}`, 32);
  const id = [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
    '-',
  );
  return { id, name, etag: `E${hex.slice(0, 13).toUpperCase()}` };
}

function text(value: PropertyValue | undefined): string {
  const shown = value === undefined ? '' : reveal(value);
  return isMap(shown) || isArray(shown) || typeof shown === 'symbol' ? '' : String(shown ?? '');
}
