import * as pulumi from '@pulumi/pulumi';

type Text = pulumi.Input<string>;
type Values = Text | readonly Text[] | pulumi.Input<readonly string[]>;
type Condition = Readonly<Record<string, Readonly<Record<string, Values>>>>;

/** The principals of a statement in a resource policy. */
export type Principal =
  | '*'
  | { readonly Service: Text | readonly Text[] }
  | { readonly AWS: Text | readonly Text[] }
  | { readonly Federated: Text };

export interface Statement {
  readonly Sid?: string;
  readonly Effect?: 'Allow' | 'Deny';
  readonly Principal?: Principal;
  readonly Action: string | readonly string[];
  /** Left out in trust policies. */
  readonly Resource?: Text | readonly Text[];
  readonly Condition?: Condition;
}

/** An IAM policy document as JSON. Statements allow unless they say otherwise. */
export function policyDocument(...statements: readonly Statement[]): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: statements.map((statement) => ({ Effect: 'Allow', ...statement })),
  });
}

/** Trust policy: lets an AWS service assume a role. */
export function assumableByService(service: string): pulumi.Output<string> {
  return policyDocument({ Principal: { Service: service }, Action: 'sts:AssumeRole' });
}

/** Trust policy: lets pods assume a role through EKS Pod Identity. */
export function assumableByPods(): pulumi.Output<string> {
  return policyDocument({
    Principal: { Service: 'pods.eks.amazonaws.com' },
    Action: ['sts:AssumeRole', 'sts:TagSession'],
  });
}

/** Statement of a bucket's policy: refuses every request without TLS. */
export function denyInsecureTransport(bucketArn: Text): Statement {
  return {
    Sid: 'DenyInsecureTransport',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}
