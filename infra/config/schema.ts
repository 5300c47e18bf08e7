/** The configuration's schema: one for each subject, and the rules between them. */
import { z } from 'zod';
import { platform as figures } from '../../tenants/catalog/index.ts';
import { databaseServerPattern, slugPattern } from '../../tenants/catalog/names.ts';
import { regions } from '../regions.ts';
import type { requiredTags } from '../tags.ts';

export const { environments } = figures;

/** Minor versions of EKS under standard support that the pinned add-ons work with. */
export const kubernetesVersions = ['1.34', '1.35'] as const;

const region = z.enum(regions);
const cidr = (what: string, prefixes: readonly number[]) =>
  z.string().refine((value) => isNetwork(value, prefixes), `${what} such as 10.64.0.0/${prefixes[0] ?? 16}`);
const roleArn = z
  .string()
  .regex(
    /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/,
    'an IAM role such as arn:aws:iam::111122223333:role/Admin',
  );
const dnsName = z
  .string()
  .regex(
    /^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
    'a DNS name such as tenantry.example.com',
  );
const count = (min: number, max: number) => z.int(`a whole number from ${min} to ${max}`).min(min).max(max);
const instanceType = (prefix: string, example: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}[a-z][a-z0-9-]*\\.[a-z0-9]+$`), `an instance type such as ${example}`);
const dbClass = instanceType('db\\.', 'db.r8g.large');
const email = z.email('an e-mail address');

const network = z.strictObject({
  /** Never overlaps another cell's. */
  cidr: cidr('a private /16 network', [16]),
  /** One for each zone, or a single one where the environment may go down with that zone. */
  natGateways: z.literal([1, 3]),
});

/** Architecture of an instance type: Graviton families have a g after their generation. */
export function architectureOf(instanceType: string): 'amd64' | 'arm64' {
  return /^[a-z]+\d+g/.test(instanceType) ? 'arm64' : 'amd64';
}

const cluster = z.strictObject({
  version: z.enum(kubernetesVersions),
  /** Who may reach the API server from outside the VPC. */
  publicAccess: z.union([
    z.literal('none'),
    z.strictObject({
      cidrs: z
        .array(
          cidr('a network of at most 4,096 addresses', [32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20]),
        )
        .min(1),
    }),
  ]),
  /** Given the cluster-admin access policy; the role that runs `pulumi up` must be one of them. */
  adminRoleArns: z.array(roleArn).min(1),
  /** The node image, as Karpenter's alias: a family, and a version or the newest. */
  nodeImage: z
    .string()
    .regex(
      /^bottlerocket@(latest|v\d+\.\d+\.\d+)$/,
      'bottlerocket@latest or a version such as bottlerocket@v1.50.0',
    )
    .default('bottlerocket@latest'),
  /** Versions of EKS add-ons; EKS chooses the cluster version's default, once, for any not named. */
  addonVersions: z
    .record(
      z.string(),
      z.string().regex(/^v\d+\.\d+\.\d+-eksbuild\.\d+$/, 'a version such as v1.20.4-eksbuild.1'),
    )
    .default({}),
  /** Nodes that run Karpenter and the add-ons. */
  systemNodes: z
    .strictObject({
      instanceTypes: z.array(instanceType('', 'm7g.large')).min(1),
      min: count(1, 30),
      max: count(1, 30),
      desired: count(1, 30),
    })
    .refine((nodes) => new Set(nodes.instanceTypes.map(architectureOf)).size === 1, {
      path: ['instanceTypes'],
      error: 'types of one architecture',
    })
    .refine((nodes) => nodes.min <= nodes.desired && nodes.desired <= nodes.max, 'min <= desired <= max'),
});

const storageGb = count(20, 65_536);
const database = z.strictObject({
  instanceClass: dbClass,
  storageGb,
  maxStorageGb: storageGb,
  readReplicas: count(0, 5),
  multiAz: z.boolean(),
  /**
   * The tenants' server in the home cell, where the control plane has a server of its own. Default: the same size. In other
   * cells the tenants have the only server.
   */
  tenants: z.strictObject({ instanceClass: dbClass, storageGb, maxStorageGb: storageGb }).optional(),
  /** For dedicated tenants, one instance each. */
  dedicatedInstances: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(databaseServerPattern, 'a lower-case name of up to 31 letters, digits and hyphens'),
        instanceClass: dbClass,
        storageGb,
        /**
         * Slug of the tenant that ordered it; without one, it goes to the next tenant whose plan has its own
         * database.
         */
        tenant: z.string().regex(slugPattern, 'the slug of a tenant, such as acme').optional(),
      }),
    )
    .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'names that differ')
    .default([]),
});

const cache = z.strictObject({
  nodeType: instanceType('cache\\.', 'cache.r7g.large'),
  replicas: count(0, 5),
});

const identity = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cognito'),
    totp: z.enum(['optional', 'off']),
    /** User pools of other cells whose people may sign in here too; the home pool is always among them. */
    alsoTrusted: z
      .array(
        z.strictObject({
          issuer: z.url({ protocol: /^https$/, error: 'an https URL' }),
          clientId: z.string().min(1),
        }),
      )
      .default([]),
  }),
  z.strictObject({
    kind: z.literal('oidc'),
    issuer: z.url({ protocol: /^https$/, error: 'an https URL' }),
    clientId: z.string().min(1),
  }),
]);

const storage = z.strictObject({
  /** Where assets, recordings and backups are copied for disaster recovery. */
  replicaRegion: region.optional(),
});

const edge = z.strictObject({
  /** Requests of one address in five minutes before WAF blocks it. */
  wafRateLimit: count(100, 2_000_000),
  /** Serves the API's name from another region while this region's health check fails. */
  failover: z.strictObject({ region }).optional(),
});

const reference = 'a reference with registry and a tag other than latest, or a digest';

/** Reference of the control plane's image, by a digest or a tag that never moves. */
export const imageReference = z
  .string()
  .regex(
    /^[a-z0-9.-]+(:\d+)?\/[a-z0-9._/-]+(:(?!latest$)[\w][\w.-]{0,127})?(@sha256:[0-9a-f]{64})?$/,
    reference,
  )
  .refine((image) => /[:@][^/]+$/.test(image), reference);

const controlPlane = z
  .strictObject({
    image: imageReference.optional(),
    /** Systems Manager parameter in the stack's region in which deployments record the image. */
    imageParameter: z
      .string()
      .regex(/^(\/[\w.-]+)+$/, 'a name such as /tenantry/prod/image')
      .optional(),
    apiReplicas: count(1, 100),
    workerReplicas: count(1, 100),
    /** Packages of products beside the tree that the image contains, as `TENANTRY_SERVICES` names them. */
    services: z
      .array(z.string().regex(/^[^\s,]+$/, 'a path in the image such as /app/products/wikis/index.js'))
      .default([]),
  })
  .refine(({ image, imageParameter }) => (image === undefined) !== (imageParameter === undefined), {
    path: ['image'],
    error: 'an image, or the name of its parameter in imageParameter, one of them',
  });

const monitoring = z.strictObject({
  logs: z.enum(['loki', 'cloudwatch']),
  retentionDays: count(1, 3_653),
  /** Where warnings go. */
  alertEmail: email.optional(),
  /** Where pages go; Secrets Manager keeps the routing key under this name. */
  pagerDutySecret: z.string().min(1).optional(),
  /** Who is called when a page stands for 15 minutes; a secret of the same kind. */
  escalationSecret: z.string().min(1).optional(),
});

const tag = (what: string) => z.string().regex(/^[\w.:/=+@ -]{1,256}$/, what);

/**
 * Tags of every resource: whom it belongs to, who pays. The AWS provider reads the same key; the check here makes
 * sure that none is missing.
 */
const defaultTags = z.strictObject({
  tags: z.object({
    'tenantry:environment': z.enum(environments),
    'tenantry:stack': tag('the name of the stack'),
    'tenantry:cell': tag('the environment and region, as in prod-us-east-1'),
    owner: tag('a team or a person'),
    'cost-center': tag('a cost centre'),
  } satisfies Record<(typeof requiredTags)[number], z.ZodType>),
});

export const subjects = {
  network,
  cluster,
  database,
  cache,
  identity,
  storage,
  edge,
  controlPlane,
  monitoring,
} as const;

export const scalars = {
  environment: z.enum(environments),
  domain: dnsName,
  /** Region of the API's home and of the control plane's database. */
  homeRegion: region,
  /** Network of the home cell; only where that is another cell. */
  homeCidr: cidr('a private /16 network', [16]).optional(),
} as const;

/** Keys of the AWS provider that this program reads too. */
export const aws = { region, defaultTags } as const;

export const platform = z
  .object({ ...scalars, ...subjects, ...aws })
  .refine((v) => v.defaultTags.tags['tenantry:environment'] === v.environment, {
    path: ['defaultTags', 'tags', 'tenantry:environment'],
    error: 'the environment of tenantry:environment',
  })
  .refine((v) => v.defaultTags.tags['tenantry:cell'] === `${v.environment}-${v.region}`, {
    path: ['defaultTags', 'tags', 'tenantry:cell'],
    error: 'the environment and region, as in prod-us-east-1',
  })
  .refine((v) => (v.homeCidr === undefined) === (v.region === v.homeRegion), {
    path: ['homeCidr'],
    error: 'the network of the cell at home, and nothing in the home region itself',
  })
  .refine((v) => v.homeCidr !== v.network.cidr, {
    path: ['network', 'cidr'],
    error: 'a network other than that at home',
  })
  .refine(({ database: { tenants } }) => !tenants || tenants.storageGb <= tenants.maxStorageGb, {
    path: ['database', 'tenants', 'storageGb'],
    error: 'at most database.tenants.maxStorageGb',
  })
  .refine((v) => v.database.storageGb <= v.database.maxStorageGb, {
    path: ['database', 'maxStorageGb'],
    error: 'at least storageGb',
  })
  .refine((v) => v.storage.replicaRegion !== v.region, {
    path: ['storage', 'replicaRegion'],
    error: 'a region other than the stack’s own',
  })
  .refine((v) => v.edge.failover?.region !== v.region, {
    path: ['edge', 'failover', 'region'],
    error: 'a region other than the stack’s own',
  })
  .refine((v) => v.environment !== 'prod' || v.network.natGateways === figures.availabilityZones, {
    path: ['network', 'natGateways'],
    error: `${figures.availabilityZones} in prod: one for each zone`,
  })
  .refine((v) => v.environment !== 'prod' || v.database.multiAz, {
    path: ['database', 'multiAz'],
    error: 'true in prod',
  })
  .refine((v) => v.environment !== 'prod' || v.cache.replicas >= 1, {
    path: ['cache', 'replicas'],
    error: 'at least 1 in prod, for the failover to another zone',
  })
  .refine((v) => v.environment !== 'prod' || v.controlPlane.apiReplicas >= figures.minimumApiReplicas, {
    path: ['controlPlane', 'apiReplicas'],
    error: `at least ${figures.minimumApiReplicas} in prod, one for each zone`,
  })
  .refine((v) => v.environment !== 'prod' || v.cluster.systemNodes.min >= figures.availabilityZones, {
    path: ['cluster', 'systemNodes', 'min'],
    error: `at least ${figures.availabilityZones} in prod, one for each zone`,
  });

/** Whether the text is a network in CIDR notation with an allowed prefix and no host bits. */
function isNetwork(text: string, prefixes: readonly number[]): boolean {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (!match) return false;
  const octets = match.slice(1, 5).map(Number);
  const prefix = Number(match[5]);
  if (!prefixes.includes(prefix) || octets.some((octet) => octet > 255)) return false;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return address % 2 ** (32 - prefix) === 0;
}
