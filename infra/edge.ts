/** The edge of a cell: certificates, firewall, CloudFront, load balancer, and their names. */
import * as aws from '@pulumi/aws';
import type { Output, Resource } from '@pulumi/pulumi';
import type { PlatformConfig } from './config.ts';
import { createCertificates } from './edge/certificates.ts';
import { createDistribution } from './edge/distribution.ts';
import { createFirewall } from './edge/firewall.ts';
import { hostNames } from './edge/names.ts';
import { createOrigin, type Origin } from './edge/origin.ts';
import { createRecords } from './edge/records.ts';
import type { Keys } from './keys.ts';
import type { Network } from './network.ts';
import type { Storage } from './storage.ts';

export interface Edge {
  /** `https://…`: where people and clients go. */
  readonly publicUrl: string;
  readonly zoneId: Output<string>;
  /** Certificate in us-east-1 for every name of the domain. */
  readonly globalCertificateArn: Output<string>;
  readonly origin: Origin;
  readonly distributionId: Output<string>;
  readonly healthCheckId: Output<string>;
  /** Cognito accepts a domain of ours only below a name that resolves. */
  readonly publicRecord: Resource;
}

/** Makes the edge. The domain's hosted zone exists before the platform: a registrar holds its name servers. */
export function createEdge(
  config: PlatformConfig,
  args: { network: Network; keys: Keys; storage: Storage },
): Edge {
  const names = hostNames(config);
  const { zoneId } = aws.route53.getZoneOutput({ name: config.domain });
  const certificates = createCertificates(config, zoneId);
  const origin = createOrigin(config, { ...args, certificateArn: certificates.regionalArn });
  const distribution = createDistribution(config, {
    names,
    storage: args.storage,
    origin,
    firewallArn: createFirewall(config, args.keys).arn,
    certificateArn: certificates.globalArn,
    signInOrigins: signInOrigins(config),
  });
  const { healthCheckId, publicRecord } = createRecords(config, {
    names,
    zoneId,
    distribution,
    loadBalancer: origin.loadBalancer,
  });
  return {
    publicUrl: `https://${names.public}`,
    zoneId,
    globalCertificateArn: certificates.globalArn,
    origin,
    distributionId: distribution.id,
    healthCheckId,
    publicRecord,
  };
}

/** Where the page sends people to sign in and asks for tokens. */
export function signInOrigins(
  config: Pick<PlatformConfig, 'identity' | 'region' | 'domain' | 'primary' | 'edge'>,
): string[] {
  return config.identity.kind === 'oidc'
    ? [new URL(config.identity.issuer).origin]
    : [`https://cognito-idp.${config.region}.amazonaws.com`, `https://${hostNames(config).signIn}`];
}
