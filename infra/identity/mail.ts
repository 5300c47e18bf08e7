/** The domain as a sender of SES: codes and invitations go out in its name, signed, and more than Cognito's 50 a day. */
import * as aws from '@pulumi/aws';
import type { Output, Resource } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';

/** Keys that SES signs with, one record each. */
const dkimKeys = 3;

/** A sender that SES accepts mail of. */
export interface Sender {
  readonly arn: Output<string>;
  /** Cognito takes no sender before SES has seen its records. */
  readonly verified: Resource;
}

/** Proves the domain to SES of this region. The account has to be let out of SES's sandbox once, by request. */
export function createSender(config: PlatformConfig, zoneId: Output<string>): Sender {
  const identity = new aws.sesv2.EmailIdentity('mail', {
    emailIdentity: config.domain,
    dkimSigningAttributes: { nextSigningKeyLength: 'RSA_2048_BIT' },
  });
  const records = Array.from({ length: dkimKeys }, (_, index) => {
    const token = identity.dkimSigningAttributes.apply(({ tokens }) => tokens[index] ?? '');
    return new aws.route53.Record(`mail-dkim-${index + 1}`, {
      zoneId,
      name: token.apply((name) => `${name}._domainkey.${config.domain}`),
      type: 'CNAME',
      ttl: 300,
      records: [token.apply((name) => `${name}.dkim.amazonses.com`)],
    });
  });
  const verified = new aws.ses.DomainIdentityVerification(
    'mail',
    { domain: identity.emailIdentity },
    { dependsOn: records },
  );
  return { arn: identity.arn, verified };
}
