/** Resources between the internet and the clusters, and access to them. */
import type { ResourceType } from './resource-types.ts';

const zoneOfCloudFront = 'Z2FDTNDATAQYW2';

export const edgeTypes: Readonly<Record<string, ResourceType>> = {
  'aws:cloudfront/distribution:Distribution': {
    id: 'E{HEX13}',
    arn: 'cloudfront::{account}:distribution/{id}',
    replaces: ['staging', 'continuousDeploymentPolicyId'],
    outputs: {
      domainName: 'd{hex13}.cloudfront.net',
      hostedZoneId: zoneOfCloudFront,
      status: 'Deployed',
      etag: 'E{HEX13}',
    },
  },
  'aws:cloudfront/originAccessControl:OriginAccessControl': {
    id: 'E{HEX13}',
    arn: 'cloudfront::{account}:origin-access-control/{id}',
    physicalName: { input: 'name', maxLength: 64 },
    replaces: [],
  },
  'aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy': {
    id: '{uuid}',
    arn: 'cloudfront::{account}:response-headers-policy/{id}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: [],
  },
  'aws:cloudfront/cachePolicy:CachePolicy': {
    id: '{uuid}',
    arn: 'cloudfront::{account}:cache-policy/{id}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: [],
  },
  'aws:cloudfront/originRequestPolicy:OriginRequestPolicy': {
    id: '{uuid}',
    arn: 'cloudfront::{account}:origin-request-policy/{id}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: [],
  },
  'aws:cloudfront/function:Function': {
    id: '{name}',
    arn: 'cloudfront::{account}:function/{name}',
    physicalName: { input: 'name', maxLength: 64 },
    pattern: /^[\w-]{1,64}$/,
    replaces: ['name'],
  },
  'aws:cloudfront/vpcOrigin:VpcOrigin': {
    id: 'vo_{hex22}',
    arn: 'cloudfront::{account}:vpcorigin/{id}',
    replaces: [],
  },
  'aws:wafv2/webAcl:WebAcl': {
    id: '{uuid}',
    arn: 'wafv2:{region}:{account}:{scope}/webacl/{name}/{id}',
    physicalName: { input: 'name', maxLength: 128 },
    pattern: /^[\w-]{1,128}$/,
    replaces: ['name', 'namePrefix', 'scope'],
    outputs: { capacity: 1000 },
  },
  'aws:wafv2/webAclAssociation:WebAclAssociation': {
    id: '{input:webAclArn},{input:resourceArn}',
    replaces: ['resourceArn', 'webAclArn'],
  },
  'aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration': {
    id: '{input:resourceArn}',
    replaces: ['resourceArn'],
  },
  'aws:acm/certificate:Certificate': {
    id: '{arn}',
    arn: 'acm:{region}:{account}:certificate/{uuid}',
    replaces: [
      'domainName',
      'subjectAlternativeNames',
      'validationMethod',
      'keyAlgorithm',
      'certificateAuthorityArn',
    ],
    outputs: {
      domainValidationOptions: [
        {
          domainName: '{input:domainName}',
          resourceRecordName: '_{hex32}.{input:domainName}.',
          resourceRecordType: 'CNAME',
          resourceRecordValue: '_{hex32}.{hex10}.acm-validations.aws.',
        },
      ],
      status: 'PENDING_VALIDATION',
      type: 'AMAZON_ISSUED',
      renewalEligibility: 'INELIGIBLE',
    },
  },
  'aws:acm/certificateValidation:CertificateValidation': {
    id: '{input:certificateArn}',
    replaces: ['certificateArn', 'validationRecordFqdns'],
  },
  'aws:route53/zone:Zone': {
    id: 'Z{HEX20}',
    arn: 'route53:::hostedzone/{id}',
    physicalName: { input: 'name', maxLength: 1024 },
    replaces: ['name', 'delegationSetId'],
    outputs: {
      zoneId: '{id}',
      primaryNameServer: 'ns-1.awsdns-01.org',
      nameServers: ['ns-1.awsdns-01.org', 'ns-2.awsdns-02.co.uk', 'ns-3.awsdns-03.com', 'ns-4.awsdns-04.net'],
    },
  },
  'aws:route53/record:Record': {
    id: '{input:zoneId}_{input:name}_{input:type}',
    replaces: ['zoneId', 'name', 'setIdentifier'],
    outputs: { fqdn: '{input:name}' },
  },
  'aws:route53/healthCheck:HealthCheck': {
    id: '{uuid}',
    arn: 'route53:::healthcheck/{id}',
    replaces: ['type', 'requestInterval', 'measureLatency', 'referenceName', 'routingControlArn'],
  },
  'aws:cognito/userPool:UserPool': {
    id: '{region}_{hex9}',
    arn: 'cognito-idp:{region}:{account}:userpool/{id}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: ['aliasAttributes', 'usernameAttributes', 'usernameConfiguration'],
    outputs: {
      endpoint: 'cognito-idp.{region}.amazonaws.com/{id}',
      creationDate: '2026-01-01T00:00:00Z',
      lastModifiedDate: '2026-01-01T00:00:00Z',
    },
  },
  'aws:cognito/userPoolClient:UserPoolClient': {
    id: '{hex26}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: ['userPoolId', 'generateSecret'],
  },
  'aws:cognito/userPoolDomain:UserPoolDomain': {
    id: '{input:domain}',
    replaces: ['domain', 'userPoolId'],
    outputs: {
      awsAccountId: '{account}',
      cloudfrontDistribution: 'd{hex13}.cloudfront.net',
      cloudfrontDistributionZoneId: zoneOfCloudFront,
      cloudfrontDistributionArn: 'd{hex13}.cloudfront.net',
    },
  },
  'aws:sesv2/emailIdentity:EmailIdentity': {
    id: '{input:emailIdentity}',
    arn: 'ses:{region}:{account}:identity/{input:emailIdentity}',
    replaces: ['emailIdentity'],
    outputs: { identityType: 'DOMAIN', verificationStatus: 'PENDING' },
    additions: {
      dkimSigningAttributes: {
        tokens: ['{hex32}', '{hex31}', '{hex30}'],
        currentSigningKeyLength: '{input:nextSigningKeyLength}',
        signingAttributesOrigin: 'AWS_SES',
        status: 'PENDING',
      },
    },
  },
  'aws:cognito/resourceServer:ResourceServer': {
    id: '{input:userPoolId}|{input:identifier}',
    replaces: ['userPoolId', 'identifier'],
  },
};
