/** What a plan's typical tenant needs, in paid units. Pure. */
import { platform } from '../../tenants/catalog/index.ts';
import { packing, tenantNode, volumeFill } from './assumptions.ts';
import type { TypicalTenant } from './fleet.ts';

export interface TenantNeeds {
  /** Hours of a tenant node, spot and on demand together. */
  readonly nodeHours: number;
  readonly volumeGb: number;
  readonly snapshotGb: number;
  readonly objectsGb: number;
  readonly recordings: {
    readonly standardGb: number;
    readonly infrequentGb: number;
    readonly glacierGb: number;
  };
  readonly databaseGb: number;
  readonly egressGb: number;
  readonly natGb: number;
  readonly requestsThousands: number;
  readonly users: number;
}

export function tenantNeeds({ plan, usage }: Pick<TypicalTenant, 'plan' | 'usage'>): TenantNeeds {
  const vcpuHours = (usage.podHours * (plan.compute?.cpuMillis ?? 0)) / 1000;
  const memoryGibHours = (usage.podHours * (plan.compute?.memoryBytes ?? 0)) / 1024 ** 3;
  const volumeGb = (plan.volumeBytes ?? 0) / 1024 ** 3;
  return {
    nodeHours: nodeHours(vcpuHours, memoryGibHours),
    volumeGb,
    snapshotGb: volumeGb * volumeFill,
    objectsGb: usage.objectsGb ?? 0,
    recordings: kept(usage.recordingsGb ?? 0, plan.entitlements.recordingRetentionDays ?? 0),
    databaseGb: usage.databaseGb,
    egressGb: usage.egressGb,
    natGb: usage.ingressGb,
    requestsThousands: usage.requestsThousands,
    users: usage.users,
  };
}

/** The hours of a tenant node that these hours of processors and memory take. */
export function nodeHours(vcpuHours: number, memoryGibHours: number): number {
  return Math.max(
    vcpuHours / (tenantNode.vcpus * packing.cpu),
    memoryGibHours / (tenantNode.memoryGib * packing.memory),
  );
}

/** How much is stored where once the first recordings have reached the end of their retention. */
export function kept(gbPerMonth: number, retentionDays: number): TenantNeeds['recordings'] {
  const perDay = gbPerMonth / 30;
  const { standardDays, infrequentAccessUntilDay } = platform.recordings;
  const between = (from: number, to: number) => perDay * Math.max(0, Math.min(retentionDays, to) - from);
  return {
    standardGb: between(0, standardDays),
    infrequentGb: between(standardDays, infrequentAccessUntilDay),
    glacierGb: between(infrequentAccessUntilDay, Number.POSITIVE_INFINITY),
  };
}
