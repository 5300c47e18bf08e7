/**
 * For each type that a rule concerns: properties that break no rule, and changes that break one. A change sets the
 * value at a path; undefined removes it.
 */
import type * as aws from '@pulumi/aws';
import type * as eks from '@pulumi/eks';
import type { PolicyResource } from '../../infra/policy/resource.ts';
import type { Values } from '../../infra/policy/values.ts';

export interface TypeCase {
  readonly type: string;
  readonly passes: Values;
  /** By rule: one change a line, each a violation by itself. */
  readonly breaks: Readonly<Record<string, readonly (readonly [path: string, value: unknown])[]>>;
}

/** Arguments as the SDK declares them, so that a rule cannot ask for a property that does not exist. */
interface ArgsOf {
  'aws:rds/instance:Instance': aws.rds.InstanceArgs;
  'aws:rds/cluster:Cluster': aws.rds.ClusterArgs;
  'aws:rds/clusterInstance:ClusterInstance': aws.rds.ClusterInstanceArgs;
  'aws:rds/parameterGroup:ParameterGroup': aws.rds.ParameterGroupArgs;
  'aws:rds/clusterParameterGroup:ClusterParameterGroup': aws.rds.ClusterParameterGroupArgs;
  'aws:rds/proxy:Proxy': aws.rds.ProxyArgs;
  'aws:elasticache/replicationGroup:ReplicationGroup': aws.elasticache.ReplicationGroupArgs;
  'aws:elasticache/serverlessCache:ServerlessCache': aws.elasticache.ServerlessCacheArgs;
  'aws:dynamodb/table:Table': aws.dynamodb.TableArgs;
  'aws:efs/fileSystem:FileSystem': aws.efs.FileSystemArgs;
  'aws:ebs/volume:Volume': aws.ebs.VolumeArgs;
  'aws:ec2/instance:Instance': aws.ec2.InstanceArgs;
  'aws:ec2/launchTemplate:LaunchTemplate': aws.ec2.LaunchTemplateArgs;
  'aws:ec2/launchConfiguration:LaunchConfiguration': aws.ec2.LaunchConfigurationArgs;
  'aws:ec2/securityGroup:SecurityGroup': aws.ec2.SecurityGroupArgs;
  'aws:ec2/securityGroupRule:SecurityGroupRule': aws.ec2.SecurityGroupRuleArgs;
  'aws:ec2/vpcEndpoint:VpcEndpoint': aws.ec2.VpcEndpointArgs;
  'aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule': aws.vpc.SecurityGroupIngressRuleArgs;
  'aws:sqs/queue:Queue': aws.sqs.QueueArgs;
  'aws:sqs/queuePolicy:QueuePolicy': aws.sqs.QueuePolicyArgs;
  'aws:sns/topic:Topic': aws.sns.TopicArgs;
  'aws:sns/topicPolicy:TopicPolicy': aws.sns.TopicPolicyArgs;
  'aws:sns/topicSubscription:TopicSubscription': aws.sns.TopicSubscriptionArgs;
  'aws:secretsmanager/secret:Secret': aws.secretsmanager.SecretArgs;
  'aws:secretsmanager/secretPolicy:SecretPolicy': aws.secretsmanager.SecretPolicyArgs;
  'aws:cloudwatch/logGroup:LogGroup': aws.cloudwatch.LogGroupArgs;
  'aws:backup/vault:Vault': aws.backup.VaultArgs;
  'aws:amp/workspace:Workspace': aws.amp.WorkspaceArgs;
  'aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication': aws.rds.InstanceAutomatedBackupsReplicationArgs;
  'aws:lambda/functionUrl:FunctionUrl': aws.lambda.FunctionUrlArgs;
  'aws:lambda/permission:Permission': aws.lambda.PermissionArgs;
  'aws:ecr/repository:Repository': aws.ecr.RepositoryArgs;
  'aws:ecr/repositoryPolicy:RepositoryPolicy': aws.ecr.RepositoryPolicyArgs;
  'aws:kms/key:Key': aws.kms.KeyArgs;
  'aws:kms/replicaKey:ReplicaKey': aws.kms.ReplicaKeyArgs;
  'aws:kms/keyPolicy:KeyPolicy': aws.kms.KeyPolicyArgs;
  'aws:eks/cluster:Cluster': aws.eks.ClusterArgs;
  'aws:eks/nodeGroup:NodeGroup': aws.eks.NodeGroupArgs;
  'eks:index:Cluster': eks.ClusterOptions;
  'eks:index:ManagedNodeGroup': eks.ManagedNodeGroupOptions;
  'aws:cognito/userPool:UserPool': aws.cognito.UserPoolArgs;
  'aws:lb/loadBalancer:LoadBalancer': aws.lb.LoadBalancerArgs;
  'aws:lb/listener:Listener': aws.lb.ListenerArgs;
  'aws:alb/listener:Listener': aws.alb.ListenerArgs;
  'aws:s3/bucket:Bucket': aws.s3.BucketArgs;
  'aws:s3/bucketV2:BucketV2': aws.s3.BucketV2Args;
  'aws:s3/bucketAcl:BucketAcl': aws.s3.BucketAclArgs;
  'aws:s3/bucketPolicy:BucketPolicy': aws.s3.BucketPolicyArgs;
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': aws.s3.BucketPublicAccessBlockArgs;
  'aws:cloudfront/distribution:Distribution': aws.cloudfront.DistributionArgs;
  'aws:route53/healthCheck:HealthCheck': aws.route53.HealthCheckArgs;
  'aws:iam/policy:Policy': aws.iam.PolicyArgs;
  'aws:iam/rolePolicy:RolePolicy': aws.iam.RolePolicyArgs;
  'aws:iam/userPolicy:UserPolicy': aws.iam.UserPolicyArgs;
  'aws:iam/groupPolicy:GroupPolicy': aws.iam.GroupPolicyArgs;
  'aws:iam/role:Role': aws.iam.RoleArgs;
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment': aws.iam.RolePolicyAttachmentArgs;
  'aws:iam/policyAttachment:PolicyAttachment': aws.iam.PolicyAttachmentArgs;
  'aws:iam/userPolicyAttachment:UserPolicyAttachment': aws.iam.UserPolicyAttachmentArgs;
  'aws:iam/groupPolicyAttachment:GroupPolicyAttachment': aws.iam.GroupPolicyAttachmentArgs;
}

/** A case of a type whose arguments the compiler knows. */
export function awsCase<T extends keyof ArgsOf>(
  type: T,
  passes: Partial<ArgsOf[T]>,
  breaks: TypeCase['breaks'],
): TypeCase {
  return { type, passes: passes as Values, breaks };
}

/** A case of a Kubernetes object. */
export function kubernetesCase(type: string, passes: Values, breaks: TypeCase['breaks']): TypeCase {
  return { type: `kubernetes:${type}`, passes, breaks };
}

export const productionTags = {
  'tenantry:environment': 'prod',
  'tenantry:stack': 'prod',
  'tenantry:cell': 'prod-us-east-1',
  owner: 'platform',
  'cost-center': 'tenantry',
};

/** A resource of a stack in production whose provider has all required tags. */
export function resourceOf(type: string, props: Values, name = 'example'): PolicyResource {
  return {
    type,
    name,
    urn: `urn:pulumi:prod::tenantry::${type}::${name}`,
    id: `${name}-id`,
    props,
    provider: {
      urn: 'urn:pulumi:prod::tenantry::pulumi:providers:aws::default',
      props: { defaultTags: { tags: productionTags } },
    },
  };
}

/** The properties with another value at a path of names and positions joined by slashes (a slash in a name is ~1); undefined takes it away. */
export function changed(props: Values, path: string, value: unknown): Values {
  const copy = structuredClone(props) as Record<string, unknown>;
  const steps = path.split('/').map((step) => step.replaceAll('~1', '/'));
  const last = steps.pop() ?? '';
  let at: Record<string, unknown> = copy;
  for (const step of steps) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

export function policy(...statements: readonly Values[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements });
}

export const everybody = policy({ Effect: 'Allow', Principal: '*', Action: 'sns:Publish', Resource: '*' });
export const everything = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
