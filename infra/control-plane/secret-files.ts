/**
 * Secrets as files, by the Secrets Store CSI driver rather than External Secrets: the driver reads Secrets Manager as
 * the pod that needs the secret, never copies it into the cluster's own store, and needs no operator that may read
 * them all. A rotated value reaches the file within the driver's interval.
 */
import * as k8s from '@pulumi/kubernetes';
import { all, type Output } from '@pulumi/pulumi';
import { stringify } from 'yaml';
import type { Region } from '../regions.ts';
import { controlPlaneNamespace, platformLabels, type Workload } from './names.ts';

/** A value inside a secret that holds a JSON object. */
export interface SecretValue {
  /** ARN or name. */
  readonly secret: Output<string>;
  readonly region: Region;
  readonly key: string;
}

export const secretsFolder = '/run/secrets/tenantry';

/** Where a workload finds a value. */
export function fileOf(value: Pick<SecretValue, 'region'>, file: string): string {
  return `${secretsFolder}/${value.region}/${file}`;
}

export interface SecretFiles {
  readonly volumes: k8s.types.input.core.v1.Volume[];
  readonly mounts: k8s.types.input.core.v1.VolumeMount[];
  readonly classes: k8s.apiextensions.CustomResource[];
}

/** Mounts the values as files of these names; makes one class for each region that they come from. */
export function createSecretFiles(
  workload: Workload,
  files: Readonly<Record<string, SecretValue>>,
  options: { provider: k8s.Provider; dependsOn: k8s.core.v1.Namespace },
): SecretFiles {
  const byRegion = Map.groupBy(Object.entries(files), ([, { region }]) => region);
  const parts = [...byRegion].map(([region, values]) => {
    const name = `${workload}-${region}`;
    const created = new k8s.apiextensions.CustomResource(
      `secrets-${name}`,
      {
        apiVersion: 'secrets-store.csi.x-k8s.io/v1',
        kind: 'SecretProviderClass',
        metadata: { name, namespace: controlPlaneNamespace, labels: platformLabels },
        spec: {
          provider: 'aws',
          parameters: { region, usePodIdentity: 'true', objects: objectsOf(values) },
        },
      },
      options,
    );
    const volume = `secrets-${region}`;
    return {
      created,
      volume: {
        name: volume,
        csi: {
          driver: 'secrets-store.csi.k8s.io',
          readOnly: true,
          volumeAttributes: { secretProviderClass: name },
        },
      },
      mount: { name: volume, mountPath: `${secretsFolder}/${region}`, readOnly: true },
    };
  });
  return {
    volumes: parts.map(({ volume }) => volume),
    mounts: parts.map(({ mount }) => mount),
    classes: parts.map(({ created }) => created),
  };
}

/** The format of AWS's provider: YAML in a string, one entry for each secret. */
function objectsOf(values: readonly (readonly [string, SecretValue])[]): Output<string> {
  return all(values.map(([file, { secret, key }]) => secret.apply((name) => ({ name, file, key })))).apply(
    (resolved) =>
      stringify(
        [...Map.groupBy(resolved, ({ name }) => name)].map(([objectName, entries]) => ({
          objectName,
          objectType: 'secretsmanager',
          jmesPath: entries.map(({ file, key }) => ({ path: key, objectAlias: file })),
        })),
      ),
  );
}
