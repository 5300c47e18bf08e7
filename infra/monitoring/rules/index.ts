/** Every rule of the platform. */
import { type PlatformConfig, tenantServerSize } from '../../config.ts';
import { backupRules } from './backup.ts';
import { billingRules } from './billing.ts';
import { type CapacityFigures, capacityRules, type DatabaseServer } from './capacity.ts';
import { meteringRules } from './metering.ts';
import { notificationRules } from './notifications.ts';
import { reconcileRules } from './reconcile.ts';
import type { RuleGroup } from './rule.ts';
import { serviceRules } from './service.ts';
import { sloRules } from './slo.ts';
import { tenantRules } from './tenants.ts';
import { workloadRules } from './workloads.ts';

export function platformRules(figures: CapacityFigures): readonly RuleGroup[] {
  return [
    // First, as the workloads' alerts read what they record.
    ...sloRules(),
    serviceRules(),
    tenantRules(),
    billingRules(),
    meteringRules(),
    notificationRules(),
    reconcileRules(),
    workloadRules(),
    capacityRules(figures),
    backupRules(),
  ];
}

/** The database servers of a cell by their names in RDS, with their initial storage. */
export function databaseServers(
  config: Pick<PlatformConfig, 'cellId' | 'database' | 'primary'>,
): readonly DatabaseServer[] {
  const { storageGb, readReplicas, dedicatedInstances } = config.database;
  return [
    { identifier: `${config.cellId}-main`, storageGb },
    ...Array.from({ length: readReplicas }, (_, index) => ({
      identifier: `${config.cellId}-main-replica-${index + 1}`,
      storageGb,
    })),
    ...(config.primary
      ? [{ identifier: `${config.cellId}-tenants`, storageGb: tenantServerSize(config.database).storageGb }]
      : []),
    ...dedicatedInstances.map((instance) => ({
      identifier: `${config.cellId}-dedicated-${instance.name}`,
      storageGb: instance.storageGb,
    })),
  ];
}
