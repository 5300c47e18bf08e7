import { readFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ensureCrds } from '../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { restoreManifest } from '../../infra/backup/schedule.ts';
import { platform } from '../../tenants/catalog/index.ts';
import { databaseSecretName } from '../../tenants/data.ts';
import { managedBy } from '../../tenants/labels.ts';
import { type InfraGraph, infraGraph } from '../support/infra-graph.ts';
import { apply, kubectl } from '../tenants/cluster.ts';

let prod: InfraGraph;
let dev: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod');
  dev = await infraGraph('dev');
}, 120_000);

const object = (graph: InfraGraph, kind: string, name?: string) => {
  const found = graph
    .objects()
    .find((each) => each.kind === kind && (name === undefined || each.metadata.name === name));
  if (!found) throw new Error(`${graph.stack} has no ${kind} ${name ?? ''}`);
  return found;
};

describe('Velero', () => {
  test('backs up every six hours, as the catalog promises, and keeps it thirty days', () => {
    expect(platform.backupIntervalHours).toBe(6);
    expect(object(prod, 'Schedule')).toMatchObject({
      metadata: { namespace: 'velero' },
      spec: {
        schedule: '0 */6 * * *',
        template: { includedNamespaces: ['*'], snapshotVolumes: true, ttl: '720h0m0s' },
      },
    });
  });

  test('copies volumes into the bucket where it is copied to another region', () => {
    expect(object(prod, 'Schedule')).toHaveProperty('spec.template.snapshotMoveData', true);
    expect(object(dev, 'Schedule')).toHaveProperty('spec.template.snapshotMoveData', false);
  });

  test('has volumes flushed before their snapshot', () => {
    expect(object(prod, 'Schedule')).toMatchObject({
      spec: {
        template: {
          hooks: {
            resources: [
              {
                labelSelector: { matchLabels: managedBy },
                pre: [{ exec: { command: ['sync'], onError: 'Continue' } }],
              },
            ],
          },
        },
      },
    });
  });

  test('is the pinned chart with the bucket, its key, and no credentials but its identity', () => {
    const release = prod.chart('velero');
    expect(release).toMatchObject({ version: '12.0.3', atomic: true });
    expect(release.values).toMatchObject({
      credentials: { useSecret: false },
      configuration: {
        features: 'EnableCSI',
        backupStorageLocation: [
          {
            provider: 'aws',
            bucket: 'tenantry-prod-us-east-1-backups-111122223333',
            config: { region: 'us-east-1', kmsKeyId: expect.stringContaining('kms') },
          },
        ],
      },
    });
    expect(prod.get('aws:eks/podIdentityAssociation:PodIdentityAssociation', 'velero').inputs).toMatchObject({
      namespace: 'velero',
      serviceAccount: 'velero',
    });
  });

  test('may write the cell’s bucket, and of others only read what they copied here', () => {
    const { Statement } = JSON.parse(
      String(prod.get('aws:iam/rolePolicy:RolePolicy', 'velero').inputs.policy),
    ) as { Statement: { Sid: string; Action: string | string[]; Resource: string | string[] }[] };
    const writing = Statement.filter(({ Action }) => /s3:(Put|Delete)/.test(String(Action)));
    expect(writing.map(({ Resource }) => Resource)).toEqual([
      'arn:aws:s3:::tenantry-prod-us-east-1-backups-111122223333/*',
    ]);
    expect(Statement.find(({ Sid }) => Sid === 'ReadCopiesOfOtherCells')?.Resource).toEqual([
      'arn:aws:s3:::tenantry-prod-*-backups-replica-111122223333',
      'arn:aws:s3:::tenantry-prod-*-backups-replica-111122223333/*',
    ]);
    expect(Statement.filter(({ Action }) => String(Action).includes('*'))).toEqual([]);
  });

  test('encrypts copies of volumes with a password of ours, the same in all cells', async () => {
    const secret = prod.get('kubernetes:core/v1:Secret', 'velero-repository');
    expect(secret.inputs).toMatchObject({
      metadata: { name: 'velero-repo-credentials', namespace: 'velero' },
    });
    expect(secret.secrets).toContain('stringData');
    const west = await infraGraph('prod-us-west-2');
    expect(west.get('kubernetes:core/v1:Secret', 'velero-repository').inputs.stringData).toEqual(
      secret.inputs.stringData,
    );
  }, 120_000);

  test('snapshots volumes through the CSI driver', () => {
    expect(object(prod, 'VolumeSnapshotClass')).toMatchObject({
      driver: 'ebs.csi.aws.com',
      metadata: { labels: { 'velero.io/csi-volumesnapshot-class': 'true' } },
    });
  });
});

describe('a restore', () => {
  test('holds the pods of tenants until their database answers', () => {
    const { spec } = restoreManifest({ name: 'r', backup: 'b' });
    const [hook] = spec.hooks.resources;
    expect(hook?.labelSelector.matchLabels).toEqual(managedBy);
    const [container] = hook?.postHooks[0]?.init.initContainers ?? [];
    expect(container?.command.at(-1)).toContain('pg_isready');
    expect(container?.env[0]?.valueFrom.secretKeyRef).toEqual({
      name: databaseSecretName,
      key: 'url',
      optional: true,
    });
  });

  test('waits in a container that a tenant’s namespace admits', () => {
    const [hook] = restoreManifest({ name: 'r', backup: 'b' }).spec.hooks.resources;
    expect(hook?.postHooks[0]?.init.initContainers[0]?.securityContext).toMatchObject({
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  test('can be of some namespaces', () => {
    expect(restoreManifest({ name: 'r', backup: 'b', namespaces: ['tenant-a'] }).spec).toMatchObject({
      backupName: 'b',
      includedNamespaces: ['tenant-a'],
    });
    expect(restoreManifest({ name: 'r', backup: 'b' }).spec.includedNamespaces).toEqual(['*']);
  });

  test('stands ready in the cluster for whoever has to do it by hand', () => {
    const { data } = object(prod, 'ConfigMap', 'restore-template') as unknown as {
      data: Record<string, string>;
    };
    expect(parse(data['restore.yaml'] ?? '')).toEqual(
      restoreManifest({ name: 'RESTORE_NAME', backup: 'BACKUP_NAME' }),
    );
  });
});

test('the API server accepts a restore, and refuses one with a field that there is not', async () => {
  const files = await ensureCrds({ env: readToolchainEnv(), onProgress: (line) => console.error(line) });
  const documents = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const definition = documents
    .flatMap((text) => parseAllDocuments(text).map((document) => document.toJSON()))
    .find((one) => one?.metadata?.name === 'restores.velero.io');
  expect((await apply([definition])).stderr).toBe('');
  const established = await kubectl([
    'wait',
    '--for=condition=Established',
    '--timeout=120s',
    'crd/restores.velero.io',
  ]);
  expect(established.ok, established.stderr).toBe(true);

  const manifest = restoreManifest({ name: 'restore', backup: 'backup' });
  const inDefault = { ...manifest, metadata: { ...manifest.metadata, namespace: 'default' } };
  const dry = ['--dry-run=server', '--validate=strict'] as const;
  expect(await apply([inDefault], ...dry)).toMatchObject({ ok: true, stderr: '' });
  const wrong = { ...inDefault, spec: { ...inDefault.spec, restoreVolumes: true } };
  expect(await apply([wrong], ...dry)).toMatchObject({
    ok: false,
    stderr: expect.stringContaining('restoreVolumes'),
  });
}, 120_000);

describe('AWS Backup', () => {
  test('keeps monthly snapshots of the databases for a year, here and in the other region', () => {
    const { rules } = prod.get('aws:backup/plan:Plan', 'databases').inputs as { rules: unknown[] };
    expect(rules).toMatchObject([
      {
        schedule: 'cron(0 2 1 * ? *)',
        lifecycle: { deleteAfter: 365 },
        copyActions: [{ lifecycle: { deleteAfter: 365 } }],
      },
    ]);
    expect(prod.ofType('aws:backup/vault:Vault').map(({ inputs }) => inputs.region)).toEqual([
      'us-east-1',
      'us-west-2',
    ]);
    for (const { inputs } of prod.ofType('aws:backup/vaultLockConfiguration:VaultLockConfiguration')) {
      expect(inputs).toMatchObject({ minRetentionDays: 30, maxRetentionDays: 365 });
    }
    // The control plane's and the tenants'.
    expect(prod.get('aws:backup/selection:Selection', 'databases').inputs.resources).toHaveLength(2);
  });

  test('is for production alone', () => {
    expect(dev.ofType('aws:backup/plan:Plan')).toEqual([]);
  });
});
