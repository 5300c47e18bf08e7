/** The migrations of the databases: a Job that finishes before the new version of anything else starts. */
import { createHash } from 'node:crypto';
import * as k8s from '@pulumi/kubernetes';
import type { WorkloadArgs } from '../control-plane.ts';
import { controlPlaneNamespace, platformLabels } from './names.ts';
import { podTemplate } from './pods.ts';

/** Makes the Job; what depends on it waits for its end. */
export function createMigrations(args: WorkloadArgs): k8s.batch.v1.Job {
  const { image, provider, after } = args;
  return new k8s.batch.v1.Job(
    'migrate',
    {
      metadata: {
        // A Job's pods cannot be changed: another image needs another Job.
        name: `migrate-${createHash('sha256').update(image).digest('hex').slice(0, 8)}`,
        namespace: controlPlaneNamespace,
        labels: platformLabels,
      },
      spec: {
        backoffLimit: 5,
        activeDeadlineSeconds: 900,
        template: podTemplate('migrate', {
          image,
          program: 'automation/migrate.ts',
          environment: args.environment,
          secrets: args.secrets,
          resources: { cpu: '100m', memory: '128Mi', memoryLimit: '256Mi' },
          restartPolicy: 'Never',
        }),
      },
    },
    { provider, dependsOn: [...after], customTimeouts: { create: '20m' } },
  );
}
