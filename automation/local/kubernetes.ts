/**
 * A real Kubernetes control plane on loopback: etcd, kube-apiserver (RBAC, Pod Security), kube-controller-manager,
 * kube-scheduler; kwok plays the nodes and the life of pods, and `cluster-volumes.ts` plays storage.
 */
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ClusterApi, connectToCluster } from './cluster-api.ts';
import { type ClusterCredentials, keptCredentials, writeKubeconfig } from './cluster-credentials.ts';
import { provisionVolumes, volumeObjects } from './cluster-volumes.ts';
import { type KeptProcess, keepRunning } from './keep-running.ts';
import { freePorts } from './ports.ts';
import { type OwnedProcess, startProcess } from './processes.ts';

export const clusterTools = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const;

export interface KubernetesOptions {
  /** Holds etcd's data, credentials, kubeconfig and logs; made when missing. */
  dataDir: string;
  /** Path of each program. */
  tools: Record<(typeof clusterTools)[number], string>;
  /** How many nodes kwok plays (default 3). */
  nodes?: number;
  /** Loopback port of the API; a free one when left out. */
  port?: number;
  /** false: a crash of the machine may lose data, writes are faster. For tests. Default true. */
  durable?: boolean;
  /** The programs give way to everything else on the machine. */
  givesWay?: boolean;
  /** Folder of process records (default `<dataDir>/run`). */
  runDir?: string;
  /** Called when a component ended by itself and restarts. */
  log?: (line: string) => void;
}

export interface RunningKubernetes {
  /** Administrator's kubeconfig (0600). */
  kubeconfigPath: string;
  server: string;
  stop(): Promise<void>;
}

const stagesFile = fileURLToPath(new URL('kwok-stages.yaml', import.meta.url));

/** Starts the control plane; resolves when the API is ready and nodes can take pods. */
export async function startKubernetes(options: KubernetesOptions): Promise<RunningKubernetes> {
  const dataDir = resolve(options.dataDir);
  await mkdir(join(dataDir, 'logs'), { recursive: true, mode: 0o700 });
  const credentials = await keptCredentials(join(dataDir, 'credentials'));
  const [etcdPort = 0, etcdPeerPort = 0, freePort = 0] = await freePorts(3);
  const port = options.port ?? freePort;
  const server = `https://127.0.0.1:${port}`;
  const kubeconfigPath = await writeKubeconfig(credentials, 'admin', server, join(dataDir, 'kubeconfig'));
  const kubeconfig = (identity: 'controllerManager' | 'scheduler' | 'kwok') =>
    writeKubeconfig(credentials, identity, server, join(credentials.folder, `${identity}.kubeconfig`));
  const configs = {
    controllerManager: await kubeconfig('controllerManager'),
    scheduler: await kubeconfig('scheduler'),
    kwok: await kubeconfig('kwok'),
  };

  const started: OwnedProcess[] = [];
  const kept = new Map<string, KeptProcess>();
  const background = new AbortController();
  const api = connectToCluster(server, credentials.authorityPem, credentials.tokens.admin);
  const start = async (name: (typeof clusterTools)[number], args: string[], env: NodeJS.ProcessEnv = {}) => {
    const launch = () =>
      startProcess({
        name,
        command: options.tools[name],
        args,
        runDir: options.runDir ?? join(dataDir, 'run'),
        logFile: join(dataDir, 'logs', `${name}.log`),
        env: { PATH: '/usr/bin:/bin', HOME: dataDir, TZ: 'UTC', ...env },
        cwd: dataDir,
        stopTimeoutMs: 3000,
        ...(options.givesWay && { givesWay: true }),
      });
    const child = await launch();
    started.push(child);
    kept.set(name, keepRunning(child, launch, options.log ?? (() => {})));
  };
  const stop = async () => {
    background.abort();
    api.close();
    // Writers stop first, the store last.
    for (const names of [['kwok', 'kube-scheduler', 'kube-controller-manager'], ['kube-apiserver'], ['etcd']])
      await Promise.all(names.map((name) => kept.get(name)?.stop()));
  };

  try {
    await start(
      'etcd',
      etcdArguments({ dataDir, credentials, etcdPort, etcdPeerPort, durable: options.durable ?? true }),
      {
        GOGC: '50',
      },
    );
    await start('kube-apiserver', apiserverArguments({ credentials, port, etcdPort }));
    await untilReady(api, started, join(dataDir, 'logs'));
    await Promise.all([
      start('kube-controller-manager', controllerManagerArguments(credentials, configs.controllerManager)),
      start('kube-scheduler', schedulerArguments(configs.scheduler)),
      start('kwok', [
        '--kubeconfig',
        configs.kwok,
        '--config',
        stagesFile,
        '--manage-all-nodes=true',
        // Without it kwok renews no lease, and the controllers take every node for lost after 50 s.
        '--node-lease-duration-seconds=40',
        '--server-address=',
      ]),
      applyBaseObjects(api, options.nodes ?? 3),
    ]);
    await untilUsable(api, started, join(dataDir, 'logs'));
    provisionVolumes(api, background.signal).catch(() => {});
  } catch (error) {
    await stop();
    throw error;
  }
  return { kubeconfigPath, server, stop };
}

function etcdArguments(etcd: {
  dataDir: string;
  credentials: ClusterCredentials;
  etcdPort: number;
  etcdPeerPort: number;
  durable: boolean;
}): string[] {
  const client = `https://127.0.0.1:${etcd.etcdPort}`;
  const peer = `http://127.0.0.1:${etcd.etcdPeerPort}`;
  const { credentials } = etcd;
  return [
    '--name=local',
    `--data-dir=${join(etcd.dataDir, 'etcd')}`,
    // Everything in the cluster, secrets too, is in here: only holders of our certificate may ask.
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--cert-file=${credentials.servingCertificateFile}`,
    `--key-file=${credentials.servingKeyFile}`,
    `--trusted-ca-file=${credentials.authorityFile}`,
    '--client-cert-auth=true',
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=local=${peer}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=10m',
    '--quota-backend-bytes=4294967296',
    '--snapshot-count=10000',
    '--log-level=warn',
    ...(etcd.durable ? [] : ['--unsafe-no-fsync=true']),
  ];
}

function apiserverArguments(api: {
  credentials: ClusterCredentials;
  port: number;
  etcdPort: number;
}): string[] {
  const { credentials } = api;
  return [
    `--etcd-servers=https://127.0.0.1:${api.etcdPort}`,
    `--etcd-cafile=${credentials.authorityFile}`,
    `--etcd-certfile=${credentials.servingCertificateFile}`,
    `--etcd-keyfile=${credentials.servingKeyFile}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${api.port}`,
    `--tls-cert-file=${credentials.servingCertificateFile}`,
    `--tls-private-key-file=${credentials.servingKeyFile}`,
    `--token-auth-file=${credentials.tokenFile}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction,PodSecurity',
    '--allow-privileged=true',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccountPublicKeyFile}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKeyFile}`,
    '--service-cluster-ip-range=10.96.0.0/12',
    // Nobody here reaches the API through the `kubernetes` Service.
    '--endpoint-reconciler-type=none',
    // One user on one machine: fair queueing between clients only costs time.
    '--enable-priority-and-fairness=false',
    '--profiling=false',
    '--shutdown-delay-duration=0s',
    '--v=1',
  ];
}

function controllerManagerArguments(credentials: ClusterCredentials, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${credentials.serviceAccountKeyFile}`,
    `--root-ca-file=${credentials.authorityFile}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--concurrent-namespace-syncs=20',
    '--concurrent-deployment-syncs=10',
    '--concurrent-replicaset-syncs=10',
    '--concurrent-resource-quota-syncs=10',
    '--pvclaimbinder-sync-period=5s',
    '--kube-api-qps=400',
    '--kube-api-burst=800',
    '--profiling=false',
    '--v=1',
  ];
}

function schedulerArguments(kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=400',
    '--kube-api-burst=800',
    '--profiling=false',
    '--v=1',
  ];
}

async function applyBaseObjects(api: ClusterApi, nodes: number): Promise<void> {
  const nodeObjects = Array.from({ length: nodes }, (_, index) => {
    const name = `node-${index + 1}`;
    return {
      path: `/api/v1/nodes/${name}`,
      object: {
        apiVersion: 'v1',
        kind: 'Node',
        metadata: {
          name,
          annotations: { 'kwok.x-k8s.io/node': 'fake' },
          labels: {
            'kubernetes.io/arch': 'amd64',
            'kubernetes.io/os': 'linux',
            'kubernetes.io/hostname': name,
            'topology.kubernetes.io/region': 'local',
            'topology.kubernetes.io/zone': `local-${String.fromCharCode(97 + (index % 3))}`,
            type: 'kwok',
          },
        },
      },
    };
  });
  await Promise.all(
    [...nodeObjects, ...volumeObjects].map(async ({ path, object }) => {
      const { status, body } = await api.call(
        'PATCH',
        `${path}?fieldManager=tenantry-local&force=true`,
        object,
      );
      if (status >= 300) throw new Error(`${path} was refused: ${JSON.stringify(body)}`);
    }),
  );
}

/** The API's own readiness, which includes the RBAC roles that every later step needs. */
async function untilReady(api: ClusterApi, started: readonly OwnedProcess[], logs: string): Promise<void> {
  await until(started, logs, async () => (await api.call('GET', '/readyz')).status === 200);
}

/** Pods can be made (their namespace has the default ServiceAccount) and find a ready node. */
async function untilUsable(api: ClusterApi, started: readonly OwnedProcess[], logs: string): Promise<void> {
  await until(started, logs, async () => {
    const account = await api.call('GET', '/api/v1/namespaces/default/serviceaccounts/default');
    const node = await api.call('GET', '/api/v1/nodes/node-1');
    return (
      account.status === 200 &&
      /"type":"Ready","status":"True"|"status":"True"[^}]*"type":"Ready"/.test(JSON.stringify(node.body))
    );
  });
}

async function until(
  started: readonly OwnedProcess[],
  logs: string,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + 90_000;
  for (;;) {
    const ended = started.find((child) => !child.running());
    if (ended || Date.now() > deadline) {
      const name = ended?.name ?? 'kube-apiserver';
      const log = await readFile(join(logs, `${name}.log`), 'utf8').catch(() => '');
      throw new Error(`${name} ${ended ? 'ended' : 'is not ready after 90 s'}:\n${log.slice(-2000)}`);
    }
    if (await ready().catch(() => false)) return;
    await delay(30);
  }
}
