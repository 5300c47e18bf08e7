/** The domain as a sender in SES: codes and invitations come from it, signed, and exceed Cognito's own 50 a day. */
import * as aws from '@pulumi/aws';
import type { Output, Resource } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';

/** Keys that SES signs with, one record each. */
const dkimKeys = 3;

/** A sender that SES accepts. */
export interface Sender {
  readonly arn: Output<string>;
  /** Cognito refuses a sender until SES has seen its records. */
  readonly verified: Resource;
}

/** Proves the domain to SES in this region. An operator requests once that the account leaves SES's sandbox. */
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
