import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { readApiEnv } from '../../api/env.ts';
import { readCellOutput } from '../../automation/cells/output.ts';
import { dedicatedTarget, recoveryTarget } from '../../automation/dr/target.ts';
import { loadKubeconfig } from '../../automation/providers/kubernetes/kubeconfig.ts';
import { readMigrationEnv } from '../../automation/store/env.ts';
import { readWorkerEnv } from '../../automation/worker/env.ts';
import { platformConfig } from '../../infra/config.ts';
import { inClusterKubeconfig, workerRules } from '../../infra/control-plane/cluster-rights.ts';
import { controlPlaneNamespace, workloads } from '../../infra/control-plane/names.ts';
import { platformManifests } from '../../tenants/platform.ts';
import { defaultCell } from '../../tenants/tenant.ts';
import { type InfraGraph, infraGraph, type KubernetesObject, stackValues } from '../support/infra-graph.ts';
import { everyPlan, manifestsOf, tenantOf } from '../tenants/specs.ts';

let prod: InfraGraph;
let europe: InfraGraph;

beforeAll(async () => {
  prod = await infraGraph('prod');
  europe = await infraGraph('prod-eu-west-1');
});

interface Probe {
  readonly httpGet: { path: string; port: string };
}

interface Container {
  readonly image: string;
  readonly args: string[];
  readonly env: { name: string; value: string }[];
  readonly securityContext: object;
  readonly volumeMounts: { name: string; mountPath: string }[];
  readonly ports?: { name: string }[];
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Pod {
  readonly metadata: { labels: Record<string, string> };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly automountServiceAccountToken: boolean;
    readonly containers: [Container];
    readonly volumes: { name: string; csi?: { volumeAttributes: { secretProviderClass: string } } }[];
    readonly topologySpreadConstraints: object[];
    readonly [key: string]: unknown;
  };
}

function find(graph: InfraGraph, kind: string, name: string): KubernetesObject {
  const found = graph
    .objects()
    .find((object) => object.kind === kind && object.metadata.name === name && inControlPlane(object));
  if (!found) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const inControlPlane = ({ metadata }: KubernetesObject) =>
  metadata.namespace === controlPlaneNamespace || metadata.namespace === undefined;

function podOf(graph: InfraGraph, workload: (typeof workloads)[number]): Pod {
  const owner =
    workload === 'migrate'
      ? graph.objects().find(({ kind }) => kind === 'Job')
      : find(graph, 'Deployment', workload);
  if (!owner) throw new Error(`there is no ${workload}`);
  return (owner.spec as { template: Pod }).template;
}

function environmentOf(graph: InfraGraph, workload: (typeof workloads)[number]): Record<string, string> {
  return Object.fromEntries(
    podOf(graph, workload).spec.containers[0].env.map(({ name, value }) => [name, value]),
  );
}

/** The environment with what the mounted files hold in place of their names. */
function mounted(
  environment: Record<string, string>,
  contents: Record<string, string>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) =>
      name.endsWith('_FILE') ? [name.replace(/_FILE$/, ''), contents[name] ?? ''] : [name, value],
    ),
  );
}

const stripe = { STRIPE_SECRET_KEY_FILE: 'sk_live_1', STRIPE_WEBHOOK_SECRET_FILE: 'whsec_1' };

describe('the environment of the API', () => {
  test('is complete, by its own reading', () => {
    const env = readApiEnv(mounted(environmentOf(prod, 'api'), stripe));
    expect(env).toMatchObject({
      port: 8080,
      host: '0.0.0.0',
      publicUrl: expect.stringMatching(/^https:\/\//),
      cell: 'prod-us-east-1',
      stripeApiBase: undefined,
    });
    expect(env.oidc.issuer).toMatch(/^https:\/\/cognito-idp\.us-east-1\.amazonaws\.com\//);
    expect(env.oidc.scope).toBe('openid profile email');
    expect(env.databaseUrl).toMatch(
      /^postgres:\/\/tenantry@prod-us-east-1-main\.proxy-[^/]+:5432\/tenantry\?sslmode=verify-full&password_file=/,
    );
  });

  test('in another region trusts the user pool at home too, and signs people in with it at home’s name', () => {
    const { alsoTrusted, oidc } = readApiEnv(mounted(environmentOf(europe, 'api'), stripe));
    expect(oidc.issuer).toContain('cognito-idp.eu-west-1.');
    expect(alsoTrusted).toEqual([
      {
        issuer: 'https://cognito-idp.us-east-1.amazonaws.com/us-east-1_aTh0me',
        audience: 'page-at-home',
        clientId: 'page-at-home',
        scope: 'openid profile email',
        host: 'tenantry.example.com',
      },
    ]);
  });

  test('at home trusts the pools that the configuration names, and no other', async () => {
    expect(readApiEnv(mounted(environmentOf(prod, 'api'), stripe)).alsoTrusted).toEqual([]);
    const issuer = 'https://cognito-idp.us-west-2.amazonaws.com/us-west-2_stAndby';
    const named = await infraGraph('dev', {
      'tenantry:identity': {
        kind: 'cognito',
        totp: 'off',
        alsoTrusted: [{ issuer, clientId: 'page-there' }],
      },
    });
    expect(readApiEnv(mounted(environmentOf(named, 'api'), stripe)).alsoTrusted).toEqual([
      { issuer, audience: 'page-there', clientId: 'page-there', scope: 'openid profile email' },
    ]);
  });

  test('names the products beside the tree to every process, where the image has some', async () => {
    const own = '/app/products/wikis/index.ts';
    const extended = await infraGraph('dev', {
      'tenantry:controlPlane': {
        image: 'ghcr.io/acme/tenantry:0.1.0',
        apiReplicas: 1,
        workerReplicas: 1,
        services: [own],
      },
    });
    for (const workload of ['api', 'worker', 'migrate'] as const) {
      expect(environmentOf(extended, workload).TENANTRY_SERVICES).toBe(own);
      expect(environmentOf(prod, workload)).not.toHaveProperty('TENANTRY_SERVICES');
    }
  });

  test('follows an issuer outside', async () => {
    const outside = await infraGraph('dev', {
      'tenantry:identity': { kind: 'oidc', issuer: 'https://id.example.com', clientId: 'tenantry-dev' },
    });
    expect(environmentOf(outside, 'api')).toMatchObject({
      OIDC_ISSUER: 'https://id.example.com',
      OIDC_CLIENT_ID: 'tenantry-dev',
    });
  });
});

describe('the environment of the workers', () => {
  test('is complete, by its own reading', () => {
    const env = readWorkerEnv(mounted(environmentOf(prod, 'worker'), stripe));
    expect(env).toMatchObject({
      cell: { id: 'prod-us-east-1', region: 'us-east-1' },
      secretsProvider: 'awskms://alias/prod-us-east-1-state?region=us-east-1',
      kubeconfig: '/etc/tenantry/kubeconfig',
      tenants: {
        nodePool: 'tenants',
        databaseCidrs: ['10.64.200.0/24', '10.64.201.0/24', '10.64.202.0/24'],
      },
    });
    expect(env.backendUrl).toMatch(/^s3:\/\/[a-z0-9.-]+\?region=us-east-1$/);
    // Tenants have roles of their own, which the proxy does not know.
    expect(env.tenantDatabaseUrl).toMatch(
      /^postgres:\/\/tenantry@prod-us-east-1-tenants\.c0example[^/]+:5432\/tenantry_tenants\?/,
    );
  });

  test('in another region names the database at home and keeps tenants in its own', () => {
    const env = readWorkerEnv(mounted(environmentOf(europe, 'worker'), stripe));
    expect(new URL(env.databaseUrl).hostname).toBe(
      'prod-us-east-1-main.proxy-c0example.us-east-1.rds.amazonaws.com',
    );
    expect(new URL(env.tenantDatabaseUrl).hostname).toContain('.eu-west-1.rds.');
    expect(env.backendUrl).toContain('region=eu-west-1');
    expect(env.cell).toEqual({ id: 'prod-eu-west-1', region: 'eu-west-1' });
  });
});

describe('servers of dedicated tenants', () => {
  let dedicated: InfraGraph;
  beforeAll(async () => {
    const settings = stackValues('prod')['tenantry:database'] as object;
    dedicated = await infraGraph('prod', {
      'tenantry:database': {
        ...settings,
        dedicatedInstances: [
          { name: 'acme', instanceClass: 'db.r8g.large', storageGb: 50, tenant: 'acme-corp' },
          { name: 'next', instanceClass: 'db.r8g.large', storageGb: 50 },
        ],
      },
    });
  });

  test('are in the output by which tenants are placed, with whom they were ordered for', () => {
    expect(readCellOutput(dedicated.outputs.cell, 'prod').database.dedicated).toMatchObject([
      { name: 'acme', tenant: 'acme-corp', host: expect.stringMatching(/^prod-us-east-1-dedicated-acme\./) },
      { name: 'next', tenant: null, host: expect.stringMatching(/^prod-us-east-1-dedicated-next\./) },
    ]);
  });

  test('have the names in RDS and Secrets Manager that recovery knows them by', () => {
    const identifiers = dedicated.ofType('aws:rds/instance:Instance').map(({ inputs }) => inputs.identifier);
    const secrets = dedicated.ofType('aws:secretsmanager/secret:Secret').map(({ inputs }) => inputs.name);
    const values = stackValues('prod');
    const acme = dedicatedTarget(recoveryTarget(platformConfig((key) => values[key])), 'acme');
    expect(identifiers).toContain(acme.server);
    expect(secrets).toContain(acme.secret);
  });

  test('are reached by the workers, each with its own password, and by nobody else', () => {
    const env = readWorkerEnv(mounted(environmentOf(dedicated, 'worker'), stripe));
    expect(Object.keys(env.tenantDatabaseServers)).toEqual(['acme', 'next']);
    const url = new URL(env.tenantDatabaseServers.acme ?? '');
    expect(url.hostname).toMatch(/^prod-us-east-1-dedicated-acme\./);
    expect(url.searchParams.get('password_file')).toMatch(/\/us-east-1\/dedicated-acme-password$/);
    const classOf = (name: string) =>
      JSON.stringify(
        dedicated
          .objects()
          .find(({ kind, metadata }) => kind === 'SecretProviderClass' && metadata.name === name),
      );
    expect(classOf('worker-us-east-1')).toContain('dedicated-acme-password');
    expect(classOf('api-us-east-1')).not.toContain('dedicated-');
    expect(environmentOf(dedicated, 'api')).not.toHaveProperty('TENANT_DATABASE_SERVERS');
  });
});

describe('the environment of the migrations', () => {
  test('names both databases', () => {
    const env = readMigrationEnv(environmentOf(prod, 'migrate'));
    expect(new URL(env.databaseUrl).pathname).toBe('/tenantry');
    expect(new URL(env.tenantDatabaseUrl).pathname).toBe('/tenantry_tenants');
  });
});

describe('secrets', () => {
  test.each(workloads)(
    'of %s come as files from Secrets Manager, each that is named and no other',
    (workload) => {
      for (const graph of [prod, europe]) {
        const { spec } = podOf(graph, workload);
        const classes = spec.volumes.flatMap(({ csi }) => csi?.volumeAttributes.secretProviderClass ?? []);
        const available = classes.flatMap((name) => {
          const volume = spec.volumes.find(
            ({ csi }) => csi?.volumeAttributes.secretProviderClass === name,
          )?.name;
          const folder = spec.containers[0].volumeMounts.find((mount) => mount.name === volume)?.mountPath;
          return filesOf(find(graph, 'SecretProviderClass', name)).map((file) => `${folder}/${file}`);
        });
        const environment = environmentOf(graph, workload);
        const named = Object.entries(environment).flatMap(([name, value]) => {
          if (name.endsWith('_FILE')) return value;
          return URL.canParse(value) ? (new URL(value).searchParams.get('password_file') ?? []) : [];
        });
        expect(available.toSorted()).toEqual([...new Set(named)].toSorted());
      }
    },
  );

  test('stand in no environment and no object', () => {
    const texts = JSON.stringify(prod.objects().filter(inControlPlane));
    expect(texts).not.toMatch(/sk_(live|test)_|whsec_|correct-horse/);
    expect(
      prod
        .objects()
        .some((object) => object.kind === 'Secret' && object.metadata.namespace === controlPlaneNamespace),
    ).toBe(false);
  });

  test('are read in the name of the pod, from the region that they are in', () => {
    expect(find(europe, 'SecretProviderClass', 'worker-us-east-1').spec).toMatchObject({
      provider: 'aws',
      parameters: { region: 'us-east-1', usePodIdentity: 'true' },
    });
    expect(find(europe, 'SecretProviderClass', 'worker-eu-west-1').spec).toMatchObject({
      parameters: { region: 'eu-west-1' },
    });
  });
});

function filesOf(object: KubernetesObject): string[] {
  const { objects } = (object.spec as { parameters: { objects: string } }).parameters;
  const entries: { jmesPath: { objectAlias: string }[] }[] = parse(objects);
  return entries.flatMap(({ jmesPath }) => jmesPath.map(({ objectAlias }) => objectAlias));
}

interface Statement {
  readonly Sid: string;
  readonly Action: string | string[];
  readonly Resource: string | string[];
}

describe('rights in AWS', () => {
  const statementsOf = (graph: InfraGraph, workload: string): Statement[] =>
    JSON.parse(String(graph.get('aws:iam/rolePolicy:RolePolicy', `control-plane-${workload}`).inputs.policy))
      .Statement;
  const actionsOf = (workload: string) =>
    [...new Set(statementsOf(prod, workload).flatMap(({ Action }) => Action))].toSorted();

  const secrets = ['kms:Decrypt', 'secretsmanager:DescribeSecret', 'secretsmanager:GetSecretValue'];

  test('of migrations end at their secrets, of the API at exports that it hands out', () => {
    expect(actionsOf('migrate')).toEqual(secrets);
    expect(actionsOf('api')).toEqual(['kms:Decrypt', 's3:GetObject', ...secrets.slice(1)]);
  });

  test.each(['api', 'worker'])(
    'of %s to exports hold under their prefix of the backups alone',
    (workload) => {
      const objects = statementsOf(prod, workload).filter(({ Sid }) => /^(Read|Keep)Exports$/.test(Sid));
      expect(objects).toHaveLength(1);
      for (const { Resource } of objects) expect(Resource).toMatch(/backups.*\/exports\/\*$/);
    },
  );

  test('of workers end at their secrets, the state of tenants and their exports', () => {
    expect(actionsOf('worker').filter((action) => action.startsWith('s3:'))).toEqual([
      's3:AbortMultipartUpload',
      's3:DeleteObject',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
    ]);
    const buckets = statementsOf(prod, 'worker')
      .filter(({ Sid }) => Sid.endsWith('State'))
      .flatMap(({ Resource }) => Resource);
    for (const resource of buckets) expect(resource).toMatch(/state/);
  });

  test.each(workloads)('of %s name what they are about', (workload) => {
    for (const graph of [prod, europe]) {
      for (const { Sid, Resource } of statementsOf(graph, workload))
        expect([Resource].flat(), Sid).not.toContain('*');
    }
  });

  test.each(workloads)('of %s go to its service account alone', (workload) => {
    expect(
      prod.get('aws:eks/podIdentityAssociation:PodIdentityAssociation', `control-plane-${workload}`).inputs,
    ).toMatchObject({ namespace: controlPlaneNamespace, serviceAccount: workload });
    expect(podOf(prod, workload).spec.serviceAccountName).toBe(workload);
  });
});

describe('pods', () => {
  test.each(workloads)('of %s are rootless, sealed and unprivileged', (workload) => {
    const { spec } = podOf(prod, workload);
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(spec.containers[0].securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  test.each(workloads)('of %s spread over zones on the nodes of the control plane', (workload) => {
    const { spec } = podOf(prod, workload);
    expect(spec.topologySpreadConstraints).toContainEqual(
      expect.objectContaining({
        topologyKey: 'topology.kubernetes.io/zone',
        maxSkew: 1,
        whenUnsatisfiable: 'DoNotSchedule',
      }),
    );
    expect(spec.nodeSelector).toEqual({ 'tenantry.dev/pool': 'control-plane' });
  });

  test('of workers alone may talk to the API server', () => {
    const may = workloads.filter((workload) => podOf(prod, workload).spec.automountServiceAccountToken);
    expect(may).toEqual(['worker']);
  });

  test.each(workloads)('of %s run a program that there is', (workload) => {
    const [program = ''] = podOf(prod, workload).spec.containers[0].args;
    const root = resolve(import.meta.dirname, '../..');
    expect(readdirSync(join(root, program, '..'))).toContain(program.split('/').at(-1));
    expect(readFileSync(join(root, program), 'utf8')).toContain('Env(');
  });
});

describe('availability', () => {
  test('is three replicas of the API or more, as many as there is load', () => {
    expect(find(prod, 'HorizontalPodAutoscaler', 'api').spec).toMatchObject({
      minReplicas: 3,
      maxReplicas: 15,
      scaleTargetRef: { kind: 'Deployment', name: 'api' },
      metrics: [
        {
          type: 'Resource',
          resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: 300 } },
    });
    expect(find(prod, 'Deployment', 'api').spec).not.toHaveProperty('replicas');
    expect(find(prod, 'Deployment', 'worker').spec).toMatchObject({ replicas: 3 });
  });

  test.each(['api', 'worker'] as const)('survives the drain of nodes: one %s away at a time', (workload) => {
    const { selector, maxUnavailable } = find(prod, 'PodDisruptionBudget', workload).spec as {
      selector: { matchLabels: Record<string, string> };
      maxUnavailable: number;
    };
    expect(maxUnavailable).toBe(1);
    expect(podOf(prod, workload).metadata.labels).toMatchObject(selector.matchLabels);
  });

  test('is restored where a worker hangs: its metrics are asked for', () => {
    const [container] = podOf(prod, 'worker').spec.containers;
    const names = container.ports?.map(({ name }) => name);
    for (const probe of [container.startupProbe, container.livenessProbe]) {
      expect(probe).toMatchObject({ httpGet: { path: '/metrics' } });
      expect(names).toContain(probe?.httpGet?.port);
    }
  });

  test('has the databases migrated before anything new starts', () => {
    for (const name of ['api', 'worker']) {
      const { dependencies } = prod.get('kubernetes:apps/v1:Deployment', name).options;
      expect(dependencies.some((urn) => urn.endsWith('::migrate'))).toBe(true);
    }
  });

  test('runs the image that the last deployment noted, in all that it runs', () => {
    const noted = `111122223333.dkr.ecr.us-east-1.amazonaws.com/tenantry@sha256:${'d1'.repeat(32)}`;
    for (const workload of workloads) expect(podOf(prod, workload).spec.containers[0].image).toBe(noted);
  });

  test('another image is migrated by another Job', async () => {
    const next = await infraGraph('dev', {
      'tenantry:controlPlane': {
        image: 'registry.example.com/tenantry:0.2.0',
        apiReplicas: 1,
        workerReplicas: 1,
      },
    });
    const jobs = [prod, next].map(
      (graph) => graph.objects().find(({ kind }) => kind === 'Job')?.metadata.name,
    );
    expect(new Set(jobs).size).toBe(2);
  });

  test('sends requests to the port that the API listens on', () => {
    const { ports, selector } = find(prod, 'Service', 'api').spec as {
      ports: { targetPort: string }[];
      selector: Record<string, string>;
    };
    const pod = podOf(prod, 'api');
    expect(pod.metadata.labels).toMatchObject(selector);
    expect(pod.spec.containers[0]).toMatchObject({
      ports: [{ name: ports[0]?.targetPort, containerPort: 8080 }],
    });
  });
});

describe('the namespace', () => {
  test('is the one that tenants let in and workers see to', () => {
    expect(controlPlaneNamespace).toBe(defaultCell.controlPlaneNamespace);
    const [wanted] = platformManifests();
    expect(find(prod, 'Namespace', controlPlaneNamespace).metadata.labels).toEqual(wanted?.metadata.labels);
  });

  test('lets in the load balancer and Prometheus, and nobody else', () => {
    const policies = prod
      .objects()
      .filter(
        ({ kind, metadata }) => kind === 'NetworkPolicy' && metadata.namespace === controlPlaneNamespace,
      );
    expect(policies.map(({ metadata }) => metadata.name).toSorted()).toEqual([
      'api',
      'default-deny',
      'dns',
      'migrate',
      'worker',
    ]);
    expect(find(prod, 'NetworkPolicy', 'default-deny').spec).toEqual({
      podSelector: {},
      policyTypes: ['Ingress', 'Egress'],
    });
    const prometheus = {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
    };
    const ingress = policies.flatMap(({ metadata, spec }) => {
      const rules = (spec as { ingress?: object[] }).ingress ?? [];
      return rules.map((rule) => ({ policy: metadata.name, ...rule }));
    });
    expect(ingress.toSorted((a, b) => (a.policy < b.policy ? -1 : 1))).toEqual([
      {
        policy: 'api',
        from: [
          { ipBlock: { cidr: '10.64.192.0/24' } },
          { ipBlock: { cidr: '10.64.193.0/24' } },
          { ipBlock: { cidr: '10.64.194.0/24' } },
          prometheus,
          // Pods of tenants, which their own policies mostly do not let out.
          { namespaceSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'tenantry' } } },
        ],
        ports: [{ protocol: 'TCP', port: 8080 }],
      },
      { policy: 'worker', from: [prometheus], ports: [{ protocol: 'TCP', port: 9464 }] },
    ]);
  });

  test('never lets a pod ask its node who it is', () => {
    for (const name of ['api', 'worker', 'migrate']) {
      const { egress } = find(prod, 'NetworkPolicy', name).spec as {
        egress: { to: { ipBlock?: { cidr: string; except?: string[] } }[] }[];
      };
      for (const { ipBlock } of egress.flatMap(({ to }) => to)) {
        if (ipBlock?.cidr === '0.0.0.0/0') expect(ipBlock.except).toEqual(['169.254.0.0/16']);
        else expect(ipBlock?.cidr).not.toMatch(/^169\.254\.169\./);
      }
    }
  });

  test('in another region reaches the database at home', () => {
    const cidrs = JSON.stringify(find(europe, 'NetworkPolicy', 'worker').spec);
    expect(cidrs).toContain('10.64.200.0/24');
    expect(cidrs).toContain('10.66.200.0/24');
  });
});

describe('rights in the cluster', () => {
  const allowed = (group: string, resource: string) =>
    new Set(
      workerRules
        .filter(({ apiGroups, resources }) => apiGroups.includes(group) && resources.includes(resource))
        .flatMap(({ verbs }) => verbs),
    );

  test('are enough for every object of every tenant', () => {
    for (const { apiVersion, kind } of everyPlan.flatMap(([product, plan]) =>
      manifestsOf(tenantOf(product, plan)),
    )) {
      const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
      const resource = kind === 'NetworkPolicy' ? 'networkpolicies' : `${kind.toLowerCase()}s`;
      for (const verb of ['get', 'create', 'update', 'patch', 'delete']) {
        expect(allowed(group, resource), `${verb} ${resource}`).toContain(verb);
      }
    }
  });

  test('cover what roles of tenants give away, as the API server demands', () => {
    const roles = everyPlan
      .flatMap(([product, plan]) => manifestsOf(tenantOf(product, plan)))
      .filter(({ kind }) => kind === 'Role') as unknown as {
      rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[];
    }[];
    expect(roles.length).toBeGreaterThan(0);
    for (const { apiGroups, resources, verbs } of roles.flatMap(({ rules }) => rules)) {
      for (const group of apiGroups)
        for (const resource of resources)
          for (const verb of verbs) expect(allowed(group, resource), `${verb} ${resource}`).toContain(verb);
    }
  });

  test('let it keep what stands once in a cluster, by name', () => {
    const names = workerRules.flatMap((rule) => ('resourceNames' in rule ? rule.resourceNames : []));
    const wanted = platformManifests()
      .filter(({ kind }) => kind !== 'Namespace')
      .map(({ metadata }) => metadata.name);
    expect(new Set(names)).toEqual(new Set(wanted));
  });

  test('name every resource and verb, and neither escalate nor impersonate', () => {
    const text = JSON.stringify(workerRules);
    for (const word of ['*', 'escalate', 'bind"', 'impersonate', 'nodes']) expect(text).not.toContain(word);
  });

  test('are used through the pod’s own token', () => {
    const file = find(prod, 'ConfigMap', 'worker-kubeconfig').data as { kubeconfig: string };
    expect(parse(file.kubeconfig)).toEqual(inClusterKubeconfig);
    // The certificate stands in the pod only.
    const { cluster } = inClusterKubeconfig.clusters[0] ?? { cluster: {} };
    const { 'certificate-authority': _, ...rest } = cluster as Record<string, string>;
    const access = loadKubeconfig(
      JSON.stringify({ ...inClusterKubeconfig, clusters: [{ name: 'in-cluster', cluster: rest }] }),
    );
    expect(access.server.href).toBe('https://kubernetes.default.svc/');
    expect(access.user.tokenFile).toBe('/var/run/secrets/kubernetes.io/serviceaccount/token');
  });
});

describe('the way home', () => {
  test('is there from every other region, both ways, to the proxy alone', () => {
    expect(prod.ofType('aws:ec2/vpcPeeringConnection:VpcPeeringConnection')).toEqual([]);
    expect(europe.get('aws:ec2/vpcPeeringConnection:VpcPeeringConnection', 'home').inputs).toMatchObject({
      peerVpcId: 'vpc-0home',
      peerRegion: 'us-east-1',
    });
    const routes = europe
      .ofType('aws:ec2/route:Route')
      .filter(({ inputs }) => inputs.vpcPeeringConnectionId !== undefined);
    const there = routes.filter(({ inputs }) => inputs.region === undefined);
    const back = routes.filter(({ inputs }) => inputs.region === 'us-east-1');
    expect(there.map(({ inputs }) => inputs.destinationCidrBlock)).toEqual(Array(4).fill('10.64.0.0/16'));
    expect(back.map(({ inputs }) => inputs.destinationCidrBlock)).toEqual(Array(2).fill('10.66.0.0/16'));
    const rules = europe
      .ofType('aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule')
      .filter(({ name }) => name.startsWith('home-database'));
    expect(rules.map(({ inputs }) => inputs)).toMatchObject(
      ['10.66.0.0/18', '10.66.64.0/18', '10.66.128.0/18'].map((cidrIpv4) => ({
        region: 'us-east-1',
        securityGroupId: 'sg-0home-proxy',
        cidrIpv4,
        fromPort: 5432,
        toPort: 5432,
      })),
    );
  });
});
