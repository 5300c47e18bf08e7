/** Answers of the service, as far as the command line reads them. */
import type { Entry, Tenant } from '../../cli/api-types.ts';

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
    reason: null,
    nextTryAt: null,
    subscription: {
      id: 'sub_1',
      status: 'active',
      currentPeriodEnd: '2026-12-21T10:00:00.000Z',
      cancelAtPeriodEnd: false,
    },
    outputs: {
      serviceUrl: 'tcp://stream.tenant-acme.svc.cluster.local:4822',
      database: { name: null, schema: 'tenant_abcd1234', role: 'tenant_abcd1234' },
      objects: [
        { kind: 'Namespace', name: 'tenant-acme' },
        { kind: 'NetworkPolicy', name: 'default-deny' },
        { kind: 'NetworkPolicy', name: 'allow-dns' },
        { kind: 'Deployment', name: 'stream' },
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

export function sampleEntry(id: number, at: string, message: string, kind = 'tenant.created'): Entry {
  return { id, at, kind, message, data: {} };
}
