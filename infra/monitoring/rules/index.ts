/** Every rule of the platform. */
import { backupRules } from './backup.ts';
import { billingRules } from './billing.ts';
import { type CapacityFigures, capacityRules } from './capacity.ts';
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
    workloadRules(),
    capacityRules(figures),
    backupRules(),
  ];
}
