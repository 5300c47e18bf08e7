/** Rotation of the passwords of the servers' owners. */
import * as aws from '@pulumi/aws';
import { all, type Output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import type { Keys } from '../keys.ts';
import type { Server } from './instance.ts';

/** Days between rotations: PCI DSS and most audits require 90 at most. */
export const rotationDays = 30;

/**
 * AWS's own rotation function for PostgreSQL with one user, published in the Serverless Application Repository by the
 * account of Secrets Manager. aws-cdk-lib pins the same version (2026-11).
 */
const application = {
  arn: 'arn:aws:serverlessrepo:us-east-1:297356227824:applications/SecretsManagerRDSPostgreSQLRotationSingleUser',
  version: '1.1.671',
} as const;

/** Rotates the servers' passwords every 30 days. */
export function rotatePasswords(
  servers: Readonly<Record<string, Server>>,
  args: {
    config: PlatformConfig;
    keys: Keys;
    subnetIds: readonly Output<string>[];
    securityGroupId: Output<string>;
  },
): void {
  const { config, keys } = args;
  const rotator = new aws.serverlessrepository.CloudFormationStack('database-rotation', {
    name: `${config.cellId}-database-rotation`,
    applicationId: application.arn,
    semanticVersion: application.version,
    capabilities: ['CAPABILITY_IAM', 'CAPABILITY_RESOURCE_POLICY'],
    parameters: {
      functionName: `${config.cellId}-database-rotation`,
      endpoint: `https://secretsmanager.${config.region}.amazonaws.com`,
      vpcSubnetIds: joined(args.subnetIds),
      vpcSecurityGroupIds: args.securityGroupId,
      kmsKeyArn: keys.secrets.arn,
    },
  });
  const functionArn = rotator.outputs.apply((outputs) => outputs.RotationLambdaARN ?? '');
  for (const [name, server] of Object.entries(servers)) {
    new aws.secretsmanager.SecretRotation(name, {
      secretId: server.secretArn,
      rotationLambdaArn: functionArn,
      // The first password is fresh; a deployment does not wait for a rotation.
      rotateImmediately: false,
      rotationRules: { scheduleExpression: `rate(${rotationDays} days)` },
    });
  }
}

function joined(values: readonly Output<string>[]): Output<string> {
  return all([...values]).apply((ids) => ids.join(','));
}
