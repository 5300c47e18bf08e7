/** Answers of the service, as far as the command line reads them. */
import type { Tenant, TimelineEntry } from '../../api/client/index.ts';

export function sampleTenant(changes: Partial<Tenant> = {}): Tenant {
  return {
    id: 'abcd1234',
    product: 'stream',
    plan: 'professional',
    slug: 'acme',
    namespace: 'tenant-acme',
    region: 'local',
    cell: 'local',
    owner: 'user-1',
    phase: 'active',
    desired: { state: 'active', plan: 'professional', generation: 1 },
    observed: { generation: 1, plan: 'professional' },
    health: {
      state: 'running',
      message: null,
      wanted: 1,
      ready: 1,
      sizes: [],
      since: null,
      lookedAt: null,
    },
    reason: null,
    nextTryAt: null,
    subscription: {
      id: 'sub_1',
      status: 'active',
      currentPeriodEnd: '2026-12-21T10:00:00.000Z',
      cancelAtPeriodEnd: false,
    },
    outputs: {
      namespace: 'tenant-acme',
      serviceUrl: 'tcp://stream.tenant-acme.svc.cluster.local:4822',
      database: { name: null, schema: 'tenant_abcd1234', role: 'tenant_abcd1234', secretName: 'database' },
      objects: [
        object('Namespace', 'tenant-acme'),
        object('NetworkPolicy', 'default-deny'),
        object('NetworkPolicy', 'allow-dns'),
        object('Deployment', 'stream'),
      ],
    },
    createdAt: '2026-11-21T10:00:00.000Z',
    requestedAt: '2026-11-21T10:00:00.100Z',
    activeAt: '2026-11-21T10:00:01.012Z',
    deleteAfter: null,
    cause: null,
    ...changes,
  };
}

function object(kind: string, name: string) {
  return { apiVersion: 'v1', kind, name, namespace: 'tenant-acme' };
}

export function sampleEntry(id: number, at: string, message: string, kind = 'tenant.created'): TimelineEntry {
  return { id, at, kind, message, data: {} };
}
