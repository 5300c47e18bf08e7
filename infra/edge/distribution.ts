/** CloudFront: one name for three origins. */
import * as aws from '@pulumi/aws';
import type * as inputs from '@pulumi/aws/types/input.js';
import { interpolate, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { globalRegion } from '../keys.ts';
import { cloudFrontLogs, type Storage } from '../storage.ts';
import type { HostNames } from './names.ts';
import { type Origin, originHeader } from './origin.ts';

type Behaviour = inputs.cloudfront.DistributionOrderedCacheBehavior;

/** Policies that AWS maintains, by the ids it publishes (CloudFront developer guide, managed policies, 2026-11). */
export const managedPolicies = {
  cachingOptimized: '658327ea-f89d-4fab-a63d-7e88639e58f6',
  cachingDisabled: '4135ea2d-6df8-44a3-9df3-4b5a84be39ad',
  /** Every header, cookie and query parameter: a WebSocket needs `Upgrade` and its kind. */
  allViewer: '216adef6-5c7f-47e4-b989-5492eafa07d3',
} as const;

/** The three origins; the copy of the assets stands in for them where there is one. */
export const originIds = { assets: 'assets', assetsReplica: 'assets-replica', api: 'api', ws: 'ws' } as const;
const assetsWithReplica = 'assets-or-replica';

/** Paths of the API: for outside clients, the page, Stripe, and monitoring. */
const apiPaths = [
  '/api/*',
  '/v1/*',
  '/webhooks/*',
  '/openapi.json',
  '/docs',
  '/docs/*',
  '/healthz',
  '/readyz',
] as const;
const wsPaths = ['/ws/*'] as const;

const reading = ['GET', 'HEAD', 'OPTIONS'];
const everything = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'POST', 'PATCH', 'DELETE'];

/** The rules of all paths but `/*`, which serves assets: never cached, the whole request passed on. */
export function dynamicBehaviours(
  responseHeadersPolicyId: Behaviour['responseHeadersPolicyId'],
): Behaviour[] {
  const behaviour = (targetOriginId: string) => (pathPattern: string) => ({
    pathPattern,
    targetOriginId,
    viewerProtocolPolicy: 'redirect-to-https',
    allowedMethods: everything,
    cachedMethods: ['GET', 'HEAD'],
    compress: true,
    cachePolicyId: managedPolicies.cachingDisabled,
    originRequestPolicyId: managedPolicies.allViewer,
    responseHeadersPolicyId,
  });
  return [...apiPaths.map(behaviour(originIds.api)), ...wsPaths.map(behaviour(originIds.ws))];
}

/** What the page may load and call: itself, and the identity provider. */
export function contentSecurityPolicy(signInOrigins: readonly string[]): string {
  return [
    "default-src 'self'",
    `connect-src ${["'self'", ...signInOrigins].join(' ')}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "object-src 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ');
}

/** Makes the distribution with its log. */
export function createDistribution(
  config: PlatformConfig,
  args: {
    names: HostNames;
    storage: Storage;
    origin: Origin;
    firewallArn: Output<string>;
    certificateArn: Output<string>;
    signInOrigins: readonly string[];
  },
): aws.cloudfront.Distribution {
  const { names, storage } = args;
  const headers = securityHeaders(config, args.signInOrigins);
  const access = new aws.cloudfront.OriginAccessControl('assets', {
    name: `${config.cellId}-assets`,
    description: 'CloudFront alone reads the bucket',
    originAccessControlOriginType: 's3',
    signingBehavior: 'always',
    signingProtocol: 'sigv4',
  });
  const bucket = (originId: string, domainName: Output<string>) => ({
    originId,
    domainName,
    originAccessControlId: access.id,
  });
  const server = (originId: string) => ({
    originId,
    domainName: names.api,
    customOriginConfig: {
      httpPort: 80,
      httpsPort: 443,
      originProtocolPolicy: 'https-only',
      originSslProtocols: ['TLSv1.2'],
      // Seconds; event streams send something at least every half of it.
      originReadTimeout: 60,
      originKeepaliveTimeout: 60,
    },
    customHeaders: [{ name: originHeader, value: args.origin.proof }],
  });
  const { replica } = storage;
  const distribution = new aws.cloudfront.Distribution('edge', {
    comment: config.cellId,
    enabled: true,
    isIpv6Enabled: true,
    httpVersion: 'http2and3',
    priceClass: 'PriceClass_All',
    aliases: [names.public],
    defaultRootObject: 'index.html',
    webAclId: args.firewallArn,
    origins: [
      bucket(originIds.assets, storage.assets.regionalDomainName),
      ...(replica ? [bucket(originIds.assetsReplica, replica.assets.regionalDomainName)] : []),
      server(originIds.api),
      server(originIds.ws),
    ],
    ...(replica && {
      originGroups: [
        {
          originId: assetsWithReplica,
          failoverCriteria: { statusCodes: [500, 502, 503, 504] },
          members: [{ originId: originIds.assets }, { originId: originIds.assetsReplica }],
        },
      ],
    }),
    defaultCacheBehavior: {
      targetOriginId: replica ? assetsWithReplica : originIds.assets,
      viewerProtocolPolicy: 'redirect-to-https',
      allowedMethods: reading,
      cachedMethods: reading,
      compress: true,
      cachePolicyId: managedPolicies.cachingOptimized,
      responseHeadersPolicyId: headers.id,
    },
    orderedCacheBehaviors: dynamicBehaviours(headers.id),
    viewerCertificate: {
      acmCertificateArn: args.certificateArn,
      sslSupportMethod: 'sni-only',
      minimumProtocolVersion: 'TLSv1.2_2021',
    },
    restrictions: { geoRestriction: { restrictionType: 'none' } },
  });
  logRequests(config, distribution, storage);
  return distribution;
}

/** Headers of every answer. The API's own answers keep their own content security policy. */
function securityHeaders(
  config: PlatformConfig,
  signInOrigins: readonly string[],
): aws.cloudfront.ResponseHeadersPolicy {
  return new aws.cloudfront.ResponseHeadersPolicy('security', {
    name: `${config.cellId}-security`,
    comment: 'Security headers of every answer',
    securityHeadersConfig: {
      strictTransportSecurity: {
        // Two years, the minimum for browsers' preload lists.
        accessControlMaxAgeSec: 63_072_000,
        includeSubdomains: true,
        preload: true,
        override: true,
      },
      contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(signInOrigins), override: false },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: 'DENY', override: true },
      referrerPolicy: { referrerPolicy: 'same-origin', override: true },
    },
  });
}

/** Fields of the request log: no cookies and no query, which may hold codes and tokens. */
const loggedFields = [
  'date',
  'time',
  'x-edge-location',
  'c-ip',
  'cs-method',
  'cs(Host)',
  'cs-uri-stem',
  'sc-status',
  'sc-bytes',
  'cs(User-Agent)',
  'x-edge-result-type',
  'x-edge-request-id',
  'cs-protocol',
  'time-taken',
  'ssl-protocol',
  'x-edge-detailed-result-type',
];

function logRequests(
  config: PlatformConfig,
  distribution: aws.cloudfront.Distribution,
  storage: Storage,
): void {
  const region = globalRegion;
  const name = `${config.cellId}-edge`;
  const source = new aws.cloudwatch.LogDeliverySource('edge', {
    region,
    name,
    logType: 'ACCESS_LOGS',
    resourceArn: distribution.arn,
  });
  const destination = new aws.cloudwatch.LogDeliveryDestination(
    'edge',
    {
      region,
      name,
      outputFormat: 'json',
      deliveryDestinationConfiguration: {
        destinationResourceArn: interpolate`${storage.accessLogs.arn}/${cloudFrontLogs}`,
      },
    },
    { dependsOn: [storage.accessLogs.policy] },
  );
  new aws.cloudwatch.LogDelivery('edge', {
    region,
    deliverySourceName: source.name,
    deliveryDestinationArn: destination.arn,
    recordFields: loggedFields,
    s3DeliveryConfigurations: [{ enableHiveCompatiblePath: false, suffixPath: '{yyyy}/{MM}/{dd}' }],
  });
}
