/** Permissions: nobody may do everything, and nothing is open to everybody, in AWS and in the cluster. */
import { tooOpen, tooWide } from '../permissions.ts';
import { all, type Check, must, type Rule, ruleByType } from '../rule.ts';
import { isUnknown, parsed, recordsOf, textsOf, valuesAt } from '../values.ts';

const bounded =
  (path: string): Check =>
  ({ props }) =>
    valuesAt(props, path).filter(isKnown).flatMap(tooWide);

const closed =
  (path: string): Check =>
  ({ props }) =>
    valuesAt(props, path).filter(isKnown).flatMap(tooOpen);

/** AWS policies that amount to administration. */
const managedTooWide = /\/(AdministratorAccess|PowerUserAccess|IAMFullAccess|\w+FullAccess)$/;

const managed = (path: string): Check =>
  must(path, (arn) => !managedTooWide.test(String(arn)), 'a policy that grants what is needed and no more');

const notClusterAdmin = must(
  'roleRef.name',
  (name) => name !== 'cluster-admin',
  'a role with what is needed',
);

const never =
  (message: string): Check =>
  () => [message];

export const permissionRules: readonly Rule[] = [
  ruleByType(
    {
      name: 'least-privilege',
      concern: 'no wildcard permissions',
      description:
        'No policy allows all actions of a service, or writes to and reads data of every resource, without a condition.',
    },
    {
      'aws:iam/policy:Policy': bounded('policy'),
      'aws:iam/rolePolicy:RolePolicy': bounded('policy'),
      'aws:iam/userPolicy:UserPolicy': bounded('policy'),
      'aws:iam/groupPolicy:GroupPolicy': bounded('policy'),
      'aws:iam/role:Role': all(bounded('inlinePolicies[].policy'), managed('managedPolicyArns[]')),
      'aws:iam/rolePolicyAttachment:RolePolicyAttachment': managed('policyArn'),
      'aws:iam/policyAttachment:PolicyAttachment': managed('policyArn'),
      'aws:iam/userPolicyAttachment:UserPolicyAttachment': managed('policyArn'),
      'aws:iam/groupPolicyAttachment:GroupPolicyAttachment': managed('policyArn'),
      'aws:iam/accessKey:AccessKey': never(
        'people and programs take roles; a stored key outlives its reason',
      ),
    },
  ),
  ruleByType(
    {
      name: 'closed-to-strangers',
      concern: 'no wildcard permissions',
      description: 'No role, bucket, key, queue, topic, secret or repository is open to everybody.',
    },
    {
      'aws:iam/role:Role': closed('assumeRolePolicy'),
      'aws:s3/bucketPolicy:BucketPolicy': closed('policy'),
      'aws:kms/key:Key': closed('policy'),
      'aws:kms/replicaKey:ReplicaKey': closed('policy'),
      'aws:kms/keyPolicy:KeyPolicy': closed('policy'),
      'aws:sqs/queue:Queue': closed('policy'),
      'aws:sqs/queuePolicy:QueuePolicy': closed('policy'),
      'aws:sns/topic:Topic': closed('policy'),
      'aws:sns/topicPolicy:TopicPolicy': closed('policy'),
      'aws:secretsmanager/secret:Secret': closed('policy'),
      'aws:secretsmanager/secretPolicy:SecretPolicy': closed('policy'),
      'aws:ecr/repositoryPolicy:RepositoryPolicy': closed('policy'),
      'aws:ec2/vpcEndpoint:VpcEndpoint': closed('policy'),
      'aws:lambda/permission:Permission': must(
        'principal',
        (principal) => principal !== '*',
        'a service or an account',
      ),
    },
  ),
  ruleByType(
    {
      name: 'no-cluster-wildcards',
      concern: 'no wildcard permissions',
      description: 'No role of the cluster names all verbs or resources, and none is given cluster-admin.',
    },
    {
      'kubernetes:rbac.authorization.k8s.io/v1:Role': rulesWithoutWildcards,
      'kubernetes:rbac.authorization.k8s.io/v1:ClusterRole': rulesWithoutWildcards,
      'kubernetes:rbac.authorization.k8s.io/v1:RoleBinding': notClusterAdmin,
      'kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding': notClusterAdmin,
    },
  ),
];

function rulesWithoutWildcards({ props }: Parameters<Check>[0]): readonly string[] {
  return recordsOf(props.rules).flatMap((rule) =>
    ['apiGroups', 'resources', 'verbs']
      .filter((part) => textsOf(rule[part]).includes('*'))
      .map((part) => `a rule names all ${part}`),
  );
}

function isKnown(value: unknown): boolean {
  return value !== undefined && value !== null && !isUnknown(value) && parsed(value) !== undefined;
}
