import { expect, test } from 'vitest';
import { tenantObjects } from '../../tenants/objects.ts';
import { everyPlan, tenantOf } from './specs.ts';

/** Kinds whose creation the official Kubernetes provider waits for (its `pkg/await/awaiters.go`, 4.34). */
const awaited = [
  'apps/v1 DaemonSet',
  'apps/v1 Deployment',
  'apps/v1 StatefulSet',
  'batch/v1 Job',
  'networking.k8s.io/v1 Ingress',
  'v1 PersistentVolume',
  'v1 PersistentVolumeClaim',
  'v1 Pod',
  'v1 ReplicationController',
  'v1 ResourceQuota',
  'v1 Secret',
  'v1 Service',
  'v1 ServiceAccount',
];

/** Of those, what it does not wait for after all, and why. */
const doneAtOnce: Readonly<Record<string, string>> = {
  'v1 Secret': 'only tokens of service accounts are waited for',
  'v1 ServiceAccount': 'only clusters before Kubernetes 1.24 make a token for each',
};

test.each(everyPlan)('%s %s: no object holds an operation until it is ready', (product, plan) => {
  const { namespace, foundation, quota, workload } = tenantObjects(tenantOf(product, plan));
  const waiting = [namespace, ...foundation, quota, ...(workload ? [workload] : [])]
    .filter(({ apiVersion, kind }) => awaited.includes(`${apiVersion} ${kind}`))
    .filter(({ apiVersion, kind }) => !(`${apiVersion} ${kind}` in doneAtOnce))
    .filter(({ metadata }) => metadata.annotations?.['pulumi.com/skipAwait'] !== 'true');
  expect(waiting.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
});
