/** Pods of the control plane: hardened alike, and spread over zones. */
import type * as k8s from '@pulumi/kubernetes';
import type { Input } from '@pulumi/pulumi';
import { hardenedContainer } from '../hardening.ts';
import { controlPlanePool, ontoControlPlane, poolLabel } from '../karpenter/node-pools.ts';
import type { Variables } from './environment.ts';
import { labelsOf, platformLabels, priorityClassName, type Workload } from './names.ts';
import type { SecretFiles } from './secret-files.ts';

type PodTemplate = k8s.types.input.core.v1.PodTemplateSpec;
type Container = k8s.types.input.core.v1.Container;
type Volume = k8s.types.input.core.v1.Volume;
type Mount = k8s.types.input.core.v1.VolumeMount;

/** The nonroot user of distroless images. */
const userId = 65_532;

export interface PodArgs {
  readonly image: string;
  /** Program in the image. */
  readonly program: string;
  readonly environment: Variables;
  readonly secrets: Pick<SecretFiles, 'volumes' | 'mounts'>;
  readonly resources: { readonly cpu: string; readonly memory: string; readonly memoryLimit: string };
  readonly probes?: Pick<Container, 'startupProbe' | 'readinessProbe' | 'livenessProbe'>;
  readonly ports?: Container['ports'];
  /** Whether the pod talks to the API server. */
  readonly usesCluster?: boolean;
  readonly volumes?: readonly Volume[];
  readonly mounts?: readonly Mount[];
  readonly terminationGraceSeconds?: number;
  readonly restartPolicy?: Input<string>;
}

/** A pod at Pod Security level `restricted`, with a read-only root file system. */
export function podTemplate(workload: Workload, args: PodArgs): PodTemplate {
  const labels = labelsOf(workload);
  return {
    metadata: { labels: { ...platformLabels, ...labels } },
    spec: {
      serviceAccountName: workload,
      automountServiceAccountToken: args.usesCluster ?? false,
      enableServiceLinks: false,
      priorityClassName,
      nodeSelector: { [poolLabel]: controlPlanePool },
      tolerations: ontoControlPlane,
      topologySpreadConstraints: [
        // A zone's outage takes a third of them.
        spread('topology.kubernetes.io/zone', 'DoNotSchedule', labels),
        spread('kubernetes.io/hostname', 'ScheduleAnyway', labels),
      ],
      terminationGracePeriodSeconds: args.terminationGraceSeconds ?? 30,
      ...(args.restartPolicy !== undefined && { restartPolicy: args.restartPolicy }),
      securityContext: {
        runAsNonRoot: true,
        runAsUser: userId,
        runAsGroup: userId,
        fsGroup: userId,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: workload,
          image: args.image,
          imagePullPolicy: 'IfNotPresent',
          args: [args.program],
          env: Object.entries(args.environment).map(([name, value]) => ({ name, value })),
          ...(args.ports && { ports: args.ports }),
          ...args.probes,
          resources: {
            requests: { cpu: args.resources.cpu, memory: args.resources.memory },
            limits: { memory: args.resources.memoryLimit },
          },
          securityContext: {
            ...hardenedContainer,
            privileged: false,
            runAsNonRoot: true,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }, ...args.secrets.mounts, ...(args.mounts ?? [])],
        },
      ],
      volumes: [
        { name: 'tmp', emptyDir: { sizeLimit: '512Mi' } },
        ...args.secrets.volumes,
        ...(args.volumes ?? []),
      ],
    },
  };
}

function spread(topologyKey: string, whenUnsatisfiable: string, matchLabels: Record<string, string>) {
  return { topologyKey, maxSkew: 1, whenUnsatisfiable, labelSelector: { matchLabels } };
}
