/** Knows which resources hold data or people's work. Replacing or deleting one loses that, so somebody must allow it. */

const kept: readonly { readonly pattern: RegExp; readonly noun: string }[] = [
  { pattern: /^kubernetes:core\/v1:Namespace$/, noun: 'namespace' },
  { pattern: /^kubernetes:core\/v1:PersistentVolume(Claim)?$/, noun: 'volume' },
  { pattern: /^tenantry:postgres:/, noun: 'database' },
  {
    pattern: /^aws:(rds|docdb|neptune)\/(cluster|instance|clusterInstance|globalCluster):/,
    noun: 'database',
  },
  { pattern: /^aws:dynamodb\/(table|globalTable):/, noun: 'database' },
  { pattern: /^aws:elasticache\/(replicationGroup|cluster|serverlessCache):/, noun: 'cache' },
  { pattern: /^aws:(s3\/bucket(V2)?|s3tables\/tableBucket):/, noun: 'bucket' },
  { pattern: /^aws:(ebs\/volume|ebs\/snapshot|efs\/fileSystem):/, noun: 'volume' },
  { pattern: /^aws:backup\/vault:/, noun: 'backup vault' },
  { pattern: /^aws:kms\/(key|replicaKey):/, noun: 'encryption key' },
  { pattern: /^aws:cognito\/userPool:/, noun: 'user pool' },
  { pattern: /^aws:secretsmanager\/secret:/, noun: 'secret' },
  { pattern: /^aws:route53\/zone:/, noun: 'DNS zone' },
  { pattern: /^(aws:eks\/cluster|eks:index):?.*Cluster$/, noun: 'cluster' },
];

/** What a resource holds, in a word; null when nothing is lost with it. */
export function heldIn(type: string): string | null {
  return kept.find(({ pattern }) => pattern.test(type))?.noun ?? null;
}

/** True for operations that end the existing resource. */
export function endsResource(op: string): boolean {
  return op === 'replace' || op === 'delete';
}

/** True when the step loses data, so that a label must allow it. */
export function losesData(step: { readonly op: string; readonly type: string }): boolean {
  return endsResource(step.op) && heldIn(step.type) !== null;
}
