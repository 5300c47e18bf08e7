/** Lambda functions, shipped from the sources in this folder. */
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import * as aws from '@pulumi/aws';
import { asset, type Input } from '@pulumi/pulumi';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';
import { logRetentionDays } from './log-retention.ts';
import { assumableByService, policyDocument, type Statement } from './policies.ts';

/** The code as Lambda runs it: the source without its types, line for line. */
export function shippedCode(source: URL): string {
  // Node warns that this is experimental, and every preview would report that as a problem of the stack.
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(readFileSync(source, 'utf8'));
  } finally {
    process.emitWarning = emitWarning;
  }
}

export interface FunctionArgs {
  readonly config: PlatformConfig;
  readonly keys: Keys;
  readonly description: string;
  /** A module that exports `handler` and imports only what Lambda provides. */
  readonly source: URL;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment?: Readonly<Record<string, Input<string>>>;
  /** What it may do besides writing its log. */
  readonly statements?: readonly Statement[];
}

/** A function with its log and a role of its own. */
export function createFunction(name: string, args: FunctionArgs): aws.lambda.Function {
  const { config, keys } = args;
  const physicalName = `${config.cellId}-${name}`;
  const role = new aws.iam.Role(name, {
    name: physicalName,
    description: args.description,
    assumeRolePolicy: assumableByService('lambda.amazonaws.com'),
  });
  const log = new aws.cloudwatch.LogGroup(name, {
    name: `/aws/lambda/${physicalName}`,
    kmsKeyId: keys.logs.arn,
    retentionInDays: logRetentionDays(config.monitoring.retentionDays),
  });
  const policy = new aws.iam.RolePolicy(name, {
    role: role.name,
    policy: policyDocument(
      {
        Sid: 'WriteLog',
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: log.arn.apply((arn) => `${arn}:*`),
      },
      ...(args.statements ?? []),
    ),
  });
  return new aws.lambda.Function(
    name,
    {
      name: physicalName,
      description: args.description,
      role: role.arn,
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
      handler: 'index.handler',
      code: new asset.AssetArchive({ 'index.mjs': new asset.StringAsset(shippedCode(args.source)) }),
      timeout: args.timeoutSeconds,
      memorySize: args.memoryMb,
      ...(args.environment && { environment: { variables: args.environment } }),
      loggingConfig: { logFormat: 'JSON', logGroup: log.name },
    },
    { dependsOn: [policy] },
  );
}
