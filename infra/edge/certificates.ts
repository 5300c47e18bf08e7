/** Certificates of ACM for the domain and every name one label below it, proven by DNS and renewed by AWS. */
import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { globalRegion } from '../keys.ts';
import type { Region } from '../regions.ts';

export interface Certificates {
  /** In us-east-1: CloudFront and Cognito's domain accept no others. */
  readonly globalArn: Output<string>;
  /** In the cell's region, for the load balancer. */
  readonly regionalArn: Output<string>;
}

/** Makes the certificates and waits until they are proven. */
export function createCertificates(config: PlatformConfig, zoneId: Output<string>): Certificates {
  const certificate = (name: string, region: Region) =>
    new aws.acm.Certificate(name, {
      domainName: config.domain,
      subjectAlternativeNames: [`*.${config.domain}`],
      validationMethod: 'DNS',
      keyAlgorithm: 'RSA_2048',
      region,
    });
  const global = certificate('global', globalRegion);
  const regional = config.region === globalRegion ? global : certificate('regional', config.region);
  const proof = config.primary ? [proveDomain(config, global, zoneId)] : [];

  const proven = (name: string, of: aws.acm.Certificate, region: Region) =>
    new aws.acm.CertificateValidation(
      name,
      { certificateArn: of.arn, region, ...(proof.length > 0 && { validationRecordFqdns: proof }) },
      { customTimeouts: { create: '30m' } },
    ).certificateArn;
  const globalArn = proven('global', global, globalRegion);
  return {
    globalArn,
    regionalArn: regional === global ? globalArn : proven('regional', regional, config.region),
  };
}

/**
 * The record that proves that the domain is ours. ACM asks for the same one for all certificates of a domain in an
 * account, wildcard or not, in every region: the home cell keeps it, the others rely on it.
 */
function proveDomain(
  config: PlatformConfig,
  certificate: aws.acm.Certificate,
  zoneId: Output<string>,
): Output<string> {
  const wanted = certificate.domainValidationOptions.apply((options) => {
    const option = options.find(({ domainName }) => domainName === config.domain) ?? options[0];
    if (!option) throw new Error(`ACM asks for no record to prove ${config.domain}.`);
    return option;
  });
  return new aws.route53.Record('certificate', {
    zoneId,
    name: wanted.resourceRecordName,
    type: wanted.resourceRecordType,
    records: [wanted.resourceRecordValue],
    ttl: 300,
  }).fqdn;
}
