/** Compares desired and actual state, tenant by tenant: row, stack, objects in the cluster, objects in the database. */
import type { TenantOutputs } from '../../tenants/spec.ts';
import type { KubernetesClient } from '../providers/kubernetes/index.ts';
import { driftFrom, type Fingerprints } from '../stacks/index.ts';
import type { Database } from '../store/database.ts';
import type { Fingerprint, Tenant } from '../store/tenants.ts';
import { readStandingTenants, type StandingTenant } from './standing-tenants.ts';

export interface Finding {
  /** Null where no row owns what was found. */
  readonly tenantId: string | null;
  readonly kind: 'unconverged' | 'stack' | 'object' | 'database' | 'differs' | 'orphan';
  readonly detail: string;
}

export interface Verification {
  readonly cell: string;
  readonly tenants: number;
  /** Tenants without a finding. */
  readonly whole: number;
  readonly findings: readonly Finding[];
  readonly tookMs: number;
}

export interface VerifyOptions {
  readonly database: Database;
  readonly cell: string;
  readonly fingerprints: Fingerprints;
  readonly cluster: KubernetesClient;
  /** Ids of tenants whose stacks have a state. */
  readonly stacks: ReadonlySet<string>;
  /** How many tenants are examined at once. */
  readonly concurrency?: number;
}

/** Examines every tenant of the cell that is not deleted, and finds namespaces that belong to none. */
export async function verifyCell(options: VerifyOptions): Promise<Verification> {
  const startedAt = performance.now();
  const { database, cell, cluster, concurrency = 8 } = options;
  const findings: Finding[] = [];
  const namespaces = new Map<string, string>();
  let tenants = 0;
  let whole = 0;
  for await (const page of readStandingTenants(database, cell)) {
    const queue = [...page];
    const lookAtSome = async () => {
      for (let tenant = queue.shift(); tenant; tenant = queue.shift()) {
        const found = await lookAt(tenant, options);
        tenants += 1;
        if (found.length === 0) whole += 1;
        findings.push(...found);
        namespaces.set(tenant.namespace, tenant.id);
      }
    };
    await Promise.all(Array.from({ length: concurrency }, lookAtSome));
  }
  for (const { name, tenantId } of await tenantNamespaces(cluster)) {
    if (namespaces.get(name) !== tenantId) {
      findings.push({
        tenantId: null,
        kind: 'orphan',
        detail: `namespace ${name} of the tenant ${tenantId}`,
      });
    }
  }
  findings.sort((a, b) => ((a.tenantId ?? '~') < (b.tenantId ?? '~') ? -1 : 1));
  return { cell, tenants, whole, findings, tookMs: Math.round(performance.now() - startedAt) };
}

async function lookAt(tenant: StandingTenant, { fingerprints, stacks }: VerifyOptions): Promise<Finding[]> {
  const live = tenant.outputs ? await fingerprints.read({ id: tenant.id, outputs: tenant.outputs }) : {};
  return findingsOf(tenant, { live, hasStack: stacks.has(tenant.id) });
}

/** What is wrong with a tenant. Pure. */
export function findingsOf(
  tenant: StandingTenant,
  seen: { readonly live: Fingerprint; readonly hasStack: boolean },
): Finding[] {
  const findings: Finding[] = [];
  const add = (kind: Finding['kind'], detail: string) => findings.push({ tenantId: tenant.id, kind, detail });
  if (tenant.observedGeneration !== tenant.desiredGeneration || tenant.unsettled) {
    add('unconverged', unconvergedText(tenant));
  }
  if (!seen.hasStack) add('stack', 'its stack has no state');
  const { outputs } = tenant;
  if (outputs === null) return findings;
  const missing = new Set(driftFrom(outputs, null, seen.live));
  for (const object of missing) add('object', `${object} is not in the cluster`);
  for (const key of databaseKeys(outputs)) {
    if (!(key in seen.live)) add('database', `${key} is not in the database`);
  }
  if (findings.length === 0 && tenant.fingerprint !== null) {
    for (const key of driftFrom(outputs, tenant.fingerprint, seen.live)) {
      add('differs', `${key} is not as it was made`);
    }
  }
  return findings;
}

function unconvergedText({
  phase,
  reasonCode,
  desiredGeneration,
  observedGeneration,
}: StandingTenant): string {
  const why = reasonCode === null ? '' : `, ${reasonCode}`;
  return `${phase}${why}: generation ${observedGeneration} of ${desiredGeneration}`;
}

/** The keys of a tenant's database objects in its fingerprint. */
function databaseKeys({ database }: TenantOutputs): string[] {
  if (database === null) return [];
  const { name, schema, role } = database;
  return [`postgres/role/${role}`, name === null ? `postgres/schema/${schema}` : `postgres/database/${name}`];
}

async function tenantNamespaces(
  cluster: KubernetesClient,
): Promise<{ name: string; tenantId: Tenant['id'] }[]> {
  const { items } = (await cluster.send({
    method: 'GET',
    path: '/api/v1/namespaces',
    query: { labelSelector: 'app.kubernetes.io/managed-by=tenantry,tenantry.dev/tenant' },
  })) as never as { items: { metadata: { name: string; labels: Record<string, string> } }[] };
  return items.map(({ metadata }) => ({
    name: metadata.name,
    tenantId: metadata.labels['tenantry.dev/tenant'] ?? '',
  }));
}
