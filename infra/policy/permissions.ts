/** IAM documents, read statement by statement, and what in them is too wide. */
import { isUnknown, parsed, recordsOf, textsOf, type Values, valueAt } from './values.ts';

export interface PolicyStatement {
  readonly sid: string;
  readonly effect: string;
  readonly actions: readonly string[];
  /** True for `NotAction` and `NotResource`: everything but what is listed. */
  readonly inverted: boolean;
  readonly resources: readonly string[];
  /** Whether everybody is meant. */
  readonly everybody: boolean;
  readonly principal: unknown;
  readonly condition: Values | undefined;
}

/** The statements of a document, given as JSON or as an object; none where it is not known yet. */
export function statementsOf(document: unknown): readonly PolicyStatement[] {
  return recordsOf(valueAt(parsed(document), 'Statement')).map((statement, index) => {
    const { Principal: principal, Condition: condition } = statement;
    return {
      sid: typeof statement.Sid === 'string' ? statement.Sid : `statement ${index + 1}`,
      effect: String(statement.Effect),
      actions: textsOf(statement.Action),
      inverted: statement.NotAction !== undefined || statement.NotResource !== undefined,
      resources: textsOf(statement.Resource),
      everybody: principal === '*' || textsOf(valueAt(principal, 'AWS')).includes('*'),
      principal,
      condition: recordsOf(condition)[0],
    };
  });
}

/** Actions that AWS grants only for the account as a whole, and why that is bearable. */
const accountWide: Readonly<Record<string, string>> = {
  'ecr:GetAuthorizationToken': 'a login; what may be pulled is decided repository by repository',
  'cloudwatch:PutMetricData': 'writes figures, reads nothing',
  'xray:PutTraceSegments': 'writes traces, reads nothing',
  'xray:PutTelemetryRecords': 'writes traces, reads nothing',
  'ec2:CreateNetworkInterface':
    'VPC CNI and services in a VPC make their interfaces before these have a name',
};

/** Reads of data, not of settings: as worth protecting as writes. */
const readsOfData = [
  's3:GetObject',
  's3:GetObjectVersion',
  'secretsmanager:GetSecretValue',
  'secretsmanager:BatchGetSecretValue',
  'ssm:GetParameter',
  'ssm:GetParameters',
  'ssm:GetParametersByPath',
  'dynamodb:GetItem',
  'dynamodb:BatchGetItem',
  'kinesis:GetRecords',
  'logs:GetLogEvents',
  'sts:GetFederationToken',
];

/** Condition keys that narrow a statement about all resources to some of them. */
const narrowing = [
  /^(aws|ec2|autoscaling|elasticloadbalancing|eks|rds|ssm|kms):(ResourceTag|RequestTag|RequestAlias)/i,
  /^kms:(ViaService|GrantIsForAWSResource|CallerAccount|EncryptionContext)/i,
  /^aws:(SourceArn|SourceAccount|PrincipalOrgID|PrincipalArn|ResourceAccount)$/i,
  /^(cloudwatch:namespace|ec2:CreateAction|ec2:Subnet|ec2:AuthorizedService|s3:DataAccessPointAccount)$/i,
];

/** Lists what is too wide in a policy document. */
export function tooWide(document: unknown): readonly string[] {
  return statementsOf(document)
    .filter(({ effect }) => effect === 'Allow')
    .flatMap((statement) => {
      const { sid, actions, inverted, resources } = statement;
      if (inverted) return [`${sid} allows everything but what it names`];
      const wide = actions.filter((action) => /^(\*|[\w-]+:\*)$/.test(action));
      if (wide.length > 0) return [`${sid} allows ${wide.join(', ')}`];
      if (!resources.some(isEverything) || isNarrowed(statement)) return [];
      const unbounded = actions.filter((action) => !isBearableEverywhere(action));
      return unbounded.length > 0 ? [`${sid} allows ${unbounded.join(', ')} on every resource`] : [];
    });
}

/** Whom a document on a resource, or a trust policy, admits too freely; nothing when all is well. */
export function tooOpen(document: unknown): readonly string[] {
  return statementsOf(document)
    .filter((statement) => statement.effect === 'Allow' && statement.everybody && !isNarrowed(statement))
    .map(({ sid }) => `${sid} lets everybody in`);
}

function isEverything(resource: string): boolean {
  // An ARN's last part says which resources of the service.
  return !isUnknown(resource) && /^(\*|arn:[^:]*:[^:]*:[^:]*:[^:]*:\*)$/.test(resource);
}

function isNarrowed({ condition }: PolicyStatement): boolean {
  const keys = Object.values(condition ?? {}).flatMap((operator) =>
    Object.keys(recordsOf(operator)[0] ?? {}),
  );
  return keys.some((key) => narrowing.some((pattern) => pattern.test(key)));
}

function isBearableEverywhere(action: string): boolean {
  if (action in accountWide) return true;
  const [, verb = ''] = action.split(':');
  if (!/^(Describe|List|Get|Head|Lookup|Search|Simulate|BatchCheck)/.test(verb)) return false;
  return !readsOfData.some((data) => matches(action, data));
}

function matches(pattern: string, action: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${expression}$`, 'i').test(action);
}
