import * as aws from '@pulumi/aws';
import type { Output } from '@pulumi/pulumi';

/** Number of the account that the stack lives in; part of ARNs and of the names of buckets. */
export function accountId(): Output<string> {
  return aws.getCallerIdentityOutput({}).accountId;
}
