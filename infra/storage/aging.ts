/** The daily run of the function that ages recordings. */
import * as aws from '@pulumi/aws';
import { interpolate, jsonStringify } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { createFunction } from '../functions.ts';
import type { Keys } from '../keys.ts';
import type { Bucket } from './bucket.ts';
import { agedTag, recordingFigures, retentionTag } from './recordings.ts';

/** Lambda's limit for a run, in seconds; the next day takes up the rest. */
const longestRunSeconds = 900;

/** Makes the function and its schedule. */
export function createAging(config: PlatformConfig, args: { keys: Keys; recordings: Bucket }): void {
  const { keys, recordings } = args;
  const fn = createFunction('age-recordings', {
    config,
    keys,
    description: 'Recordings of seven days to infrequent access',
    source: new URL('./age-recordings.ts', import.meta.url),
    timeoutSeconds: longestRunSeconds,
    memoryMb: 512,
    statements: [
      { Sid: 'List', Action: 's3:ListBucket', Resource: recordings.arn },
      {
        Sid: 'WriteAnew',
        Action: [
          's3:GetObject',
          's3:GetObjectTagging',
          's3:PutObject',
          's3:PutObjectTagging',
          's3:AbortMultipartUpload',
        ],
        Resource: interpolate`${recordings.arn}/*`,
      },
      {
        Sid: 'OpenAndClose',
        Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
        Resource: keys.storage.arn,
        Condition: { StringEquals: { 'kms:ViaService': `s3.${config.region}.amazonaws.com` } },
      },
    ],
  });
  const daily = new aws.cloudwatch.EventRule('age-recordings', {
    name: `${config.cellId}-age-recordings`,
    description: 'Recordings of seven days to infrequent access',
    scheduleExpression: 'cron(30 1 * * ? *)',
  });
  new aws.lambda.Permission('age-recordings', {
    function: fn.name,
    action: 'lambda:InvokeFunction',
    principal: 'events.amazonaws.com',
    sourceArn: daily.arn,
  });
  const { standardDays } = recordingFigures();
  new aws.cloudwatch.EventTarget('age-recordings', {
    rule: daily.name,
    arn: fn.arn,
    input: jsonStringify({ bucket: recordings.name, standardDays, retentionTag, agedTag }),
    // The next day's run repeats a failed aging.
    retryPolicy: { maximumEventAgeInSeconds: 3_600, maximumRetryAttempts: 1 },
  });
}
