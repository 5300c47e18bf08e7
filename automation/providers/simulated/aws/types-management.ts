/** Identity, logs, queues, functions and backups. */
import type { ResourceType } from './resource-types.ts';

export const managementTypes: Readonly<Record<string, ResourceType>> = {
  'aws:iam/role:Role': {
    arn: 'iam::{account}:role/{name}',
    physicalName: { input: 'name', maxLength: 64 },
    pattern: /^[\w+=,.@-]{1,64}$/,
    replaces: ['name', 'namePrefix', 'path'],
    outputs: { uniqueId: 'AROA{HEX17}', createDate: '2026-01-01T00:00:00Z' },
  },
  'aws:iam/policy:Policy': {
    id: '{arn}',
    arn: 'iam::{account}:policy/{name}',
    physicalName: { input: 'name', maxLength: 128 },
    pattern: /^[\w+=,.@-]{1,128}$/,
    replaces: ['name', 'namePrefix', 'path', 'description'],
    outputs: { policyId: 'ANPA{HEX17}' },
  },
  'aws:iam/rolePolicy:RolePolicy': {
    id: '{input:role}:{name}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: ['name', 'namePrefix', 'role'],
  },
  'aws:iam/rolePolicyAttachment:RolePolicyAttachment': {
    id: '{input:role}/{input:policyArn}',
    replaces: ['role', 'policyArn'],
  },
  'aws:iam/instanceProfile:InstanceProfile': {
    arn: 'iam::{account}:instance-profile/{name}',
    physicalName: { input: 'name', maxLength: 128 },
    replaces: ['name', 'namePrefix', 'path'],
    outputs: { uniqueId: 'AIPA{HEX17}', createDate: '2026-01-01T00:00:00Z' },
  },
  'aws:iam/openIdConnectProvider:OpenIdConnectProvider': {
    id: '{arn}',
    arn: 'iam::{account}:oidc-provider/{input:url}',
    replaces: ['url'],
  },
  'aws:iam/serviceLinkedRole:ServiceLinkedRole': {
    id: '{arn}',
    arn: 'iam::{account}:role/aws-service-role/{input:awsServiceName}/{hex8}',
    replaces: ['awsServiceName', 'customSuffix'],
  },
  'aws:cloudwatch/logGroup:LogGroup': {
    arn: 'logs:{region}:{account}:log-group:{name}',
    physicalName: { input: 'name', maxLength: 512 },
    pattern: /^[\w./#-]{1,512}$/,
    replaces: ['name', 'namePrefix', 'logGroupClass'],
  },
  'aws:cloudwatch/logResourcePolicy:LogResourcePolicy': {
    id: '{input:policyName}',
    replaces: ['policyName'],
  },
  'aws:cloudwatch/eventRule:EventRule': {
    arn: 'events:{region}:{account}:rule/{name}',
    physicalName: { input: 'name', maxLength: 64 },
    pattern: /^[\w.-]{1,64}$/,
    replaces: ['name', 'namePrefix', 'eventBusName'],
  },
  'aws:cloudwatch/eventTarget:EventTarget': {
    id: '{input:rule}-{input:targetId}',
    replaces: ['rule', 'targetId', 'eventBusName'],
  },
  'aws:cloudwatch/metricAlarm:MetricAlarm': {
    id: '{name}',
    arn: 'cloudwatch:{region}:{account}:alarm:{name}',
    physicalName: { input: 'name', maxLength: 255 },
    replaces: ['name'],
  },
  'aws:sqs/queue:Queue': {
    id: 'https://sqs.{region}.amazonaws.com/{account}/{name}',
    arn: 'sqs:{region}:{account}:{name}',
    physicalName: { input: 'name', maxLength: 80 },
    pattern: /^[\w-]{1,75}(?:\.fifo|[\w-]{0,5})$/,
    replaces: ['name', 'namePrefix', 'fifoQueue'],
    outputs: { url: '{id}' },
  },
  'aws:sqs/queuePolicy:QueuePolicy': { id: '{input:queueUrl}', replaces: ['queueUrl'] },
  'aws:sns/topic:Topic': {
    id: '{arn}',
    arn: 'sns:{region}:{account}:{name}',
    physicalName: { input: 'name', maxLength: 256 },
    pattern: /^[\w-]{1,251}(?:\.fifo|[\w-]{0,5})$/,
    replaces: ['name', 'namePrefix', 'fifoTopic'],
    outputs: { owner: '{account}' },
  },
  'aws:sns/topicPolicy:TopicPolicy': {
    id: '{input:arn}',
    replaces: ['arn'],
    outputs: { owner: '{account}' },
  },
  'aws:sns/topicSubscription:TopicSubscription': {
    id: '{arn}',
    arn: 'sns:{region}:{account}:{hex12}:{uuid}',
    replaces: ['topic', 'protocol', 'endpoint'],
    outputs: { ownerId: '{account}', pendingConfirmation: true, confirmationWasAuthenticated: false },
  },
  'aws:lambda/function:Function': {
    id: '{name}',
    arn: 'lambda:{region}:{account}:function:{name}',
    physicalName: { input: 'name', maxLength: 64 },
    pattern: /^[\w-]{1,64}$/,
    replaces: ['name', 'packageType'],
    outputs: {
      invokeArn:
        'arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/arn:{partition}:lambda:{region}:{account}:function:{name}/invocations',
      version: '$LATEST',
      qualifiedArn: 'arn:{partition}:lambda:{region}:{account}:function:{name}:$LATEST',
      lastModified: '2026-01-01T00:00:00Z',
    },
  },
  'aws:lambda/permission:Permission': {
    id: '{hex26}',
    replaces: [
      'action',
      'function',
      'principal',
      'sourceArn',
      'sourceAccount',
      'qualifier',
      'statementId',
      'statementIdPrefix',
      'principalOrgId',
      'eventSourceToken',
      'functionUrlAuthType',
    ],
    outputs: { statementId: 'terraform-{hex26}' },
  },
  'aws:backup/vault:Vault': {
    id: '{name}',
    arn: 'backup:{region}:{account}:backup-vault:{name}',
    physicalName: { input: 'name', maxLength: 50 },
    pattern: /^[\w-]{2,50}$/,
    replaces: ['name', 'kmsKeyArn'],
  },
  'aws:backup/plan:Plan': {
    id: '{uuid}',
    arn: 'backup:{region}:{account}:backup-plan:{id}',
    physicalName: { input: 'name', maxLength: 50 },
    replaces: [],
    outputs: { version: '{hex26}' },
  },
  'aws:backup/selection:Selection': {
    id: '{uuid}',
    physicalName: { input: 'name', maxLength: 50 },
    replaces: ['planId', 'name', 'iamRoleArn', 'resources', 'notResources', 'conditions', 'selectionTags'],
  },
  'aws:ssm/parameter:Parameter': {
    id: '{name}',
    arn: 'ssm:{region}:{account}:parameter/{name}',
    physicalName: { input: 'name', maxLength: 1011 },
    replaces: ['name', 'dataType'],
    outputs: { version: 1 },
  },
  'aws:ecr/repository:Repository': {
    id: '{name}',
    arn: 'ecr:{region}:{account}:repository/{name}',
    physicalName: { input: 'name', maxLength: 256 },
    pattern: /^(?=.{2,256}$)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/,
    replaces: ['name', 'encryptionConfigurations'],
    outputs: {
      registryId: '{account}',
      repositoryUrl: '{account}.dkr.ecr.{region}.amazonaws.com/{name}',
    },
  },
  'aws:amp/workspace:Workspace': {
    id: 'ws-{uuid}',
    arn: 'aps:{region}:{account}:workspace/{id}',
    replaces: ['kmsKeyArn'],
    outputs: { prometheusEndpoint: 'https://aps-workspaces.{region}.amazonaws.com/workspaces/{id}/' },
  },
  'aws:serverlessrepository/cloudFormationStack:CloudFormationStack': {
    id: 'arn:{partition}:cloudformation:{region}:{account}:stack/serverlessrepo-{name}/{uuid}',
    physicalName: { input: 'name', maxLength: 100 },
    replaces: ['name', 'applicationId'],
    outputs: {
      semanticVersion: '{input:semanticVersion}',
      outputs: {
        RotationLambdaARN: 'arn:{partition}:lambda:{region}:{account}:function:{name}',
      },
    },
  },
};
