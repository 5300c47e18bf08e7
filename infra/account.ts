import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';

/** Account number of the stack; part of ARNs and bucket names. */
export function accountId(): Output<string> {
  return aws.getCallerIdentityOutput({}).accountId;
}
