/** No public data: the internet reaches stored data only through the product. */
import { argumentsAreKnown, type PolicyResource } from '../resource.ts';
import { all, type Check, must, mustBe, mustNotBe, type Rule, ruleByType, when } from '../rule.ts';
import { isUnknown, recordsOf, shown, textsOf, type Values, valueAt } from '../values.ts';

const anywhere: ReadonlySet<unknown> = new Set(['0.0.0.0/0', '::/0']);

const notFromAnywhere = (path: string): Check =>
  must(
    path,
    (list) => Array.isArray(list) && list.length > 0 && !list.some((cidr) => anywhere.has(cidr)),
    'a list of networks other than 0.0.0.0/0',
  );

const privateAcl: Check = must(
  'acl',
  (acl) => acl === undefined || acl === null || acl === 'private' || acl === 'log-delivery-write',
  'private, or none',
);

export const exposureRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'data-not-public',
      concern: 'no public data',
      description:
        'Databases, buckets and the API of the cluster are not public; from anywhere only HTTPS comes in.',
    },
    {
      'aws:rds/instance:Instance': mustNotBe('publiclyAccessible', true),
      'aws:rds/clusterInstance:ClusterInstance': mustNotBe('publiclyAccessible', true),
      'aws:s3/bucket:Bucket': privateAcl,
      'aws:s3/bucketV2:BucketV2': privateAcl,
      'aws:s3/bucketAcl:BucketAcl': privateAcl,
      'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': all(
        mustBe('blockPublicAcls', true),
        mustBe('blockPublicPolicy', true),
        mustBe('ignorePublicAcls', true),
        mustBe('restrictPublicBuckets', true),
      ),
      'aws:cloudfront/distribution:Distribution': bucketsThroughAccessControl,
      'aws:lambda/functionUrl:FunctionUrl': mustBe('authorizationType', 'AWS_IAM'),
      'aws:eks/cluster:Cluster': when(
        ({ props }) => valueAt(props, 'vpcConfig.endpointPublicAccess') !== false,
        notFromAnywhere('vpcConfig.publicAccessCidrs'),
      ),
      'eks:index:Cluster': when(
        (resource) => argumentsAreKnown(resource) && resource.props.endpointPublicAccess !== false,
        notFromAnywhere('publicAccessCidrs'),
      ),
      'aws:ec2/securityGroup:SecurityGroup': ({ props }) =>
        recordsOf(props.ingress).flatMap((rule) =>
          openTo(rule, [...textsOf(rule.cidrBlocks), ...textsOf(rule.ipv6CidrBlocks)]),
        ),
      'aws:ec2/securityGroupRule:SecurityGroupRule': when(
        ({ props }) => props.type === 'ingress',
        ({ props }) => openTo(props, [...textsOf(props.cidrBlocks), ...textsOf(props.ipv6CidrBlocks)]),
      ),
      'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': ({ props }) =>
        openTo({ ...props, protocol: props.ipProtocol }, [
          ...textsOf(props.cidrIpv4),
          ...textsOf(props.cidrIpv6),
        ]),
    },
  ),
];

/** Only HTTPS may come from anywhere. */
function openTo(rule: Values, cidrs: readonly string[]): readonly string[] {
  const open = cidrs.filter((cidr) => anywhere.has(cidr));
  const isHttps =
    String(rule.protocol).toLowerCase() === 'tcp' &&
    Number(rule.fromPort) === 443 &&
    Number(rule.toPort) === 443;
  if (open.length === 0 || isHttps) return [];
  const ports = `${shown(rule.protocol)} ${shown(rule.fromPort)}-${shown(rule.toPort)}`;
  return [`${ports} is open to ${open.join(' and ')}; wanted: tcp 443 at most`];
}

/** CloudFront reads an S3 origin with its own identity, so that the bucket can stay closed. */
function bucketsThroughAccessControl({ props }: PolicyResource): readonly string[] {
  return recordsOf(props.origins)
    .filter(({ domainName }) => /\.s3[.-][\w.-]*amazonaws\.com$/.test(String(domainName)))
    .filter(({ originAccessControlId: id }) => !id && !isUnknown(id))
    .map(({ originId }) => `origin ${shown(originId)} has no originAccessControlId`);
}
