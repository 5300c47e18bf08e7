/** Specs and rows of tenants for tables about fleets. */
import { newSpec } from '../../automation/desired/desired-state.ts';
import type { FleetMember } from '../../automation/preview/fleet/members.ts';
import { catalog } from '../../tenants/catalog/index.ts';
import type { ProductId } from '../../tenants/catalog/types.ts';
import type { TenantSpec } from '../../tenants/spec.ts';

/** A tenant id that no other number has. */
export function idOf(number: number): string {
  return `t${number.toString(36).padStart(7, '0')}`;
}

export function specOf(
  number: number,
  tenant: Partial<TenantSpec> & { readonly product?: ProductId } = {},
): TenantSpec {
  const product = tenant.product ?? 'workspace';
  const plan = tenant.plan ?? catalog.find(({ id }) => id === product)?.plans[0]?.id ?? '';
  const tenantId = idOf(number);
  const spec = newSpec({
    tenantId,
    product,
    plan,
    slug: `customer-${number}`,
    cell: 'local',
    region: 'local',
    owner: `owner-${number}`,
    billingAccount: `cus_${number}`,
    seats: 1 + (number % 7),
    createdAt: new Date(Date.UTC(2026, 0, 1 + (number % 200))),
  });
  return { ...spec, ...tenant };
}

export function memberOf(number: number, member: Partial<FleetMember> = {}): FleetMember {
  const spec = member.spec ?? specOf(number);
  return {
    id: spec.tenantId,
    cell: spec.cell,
    product: spec.product,
    spec,
    settled: true,
    fingerprint: null,
    hasStack: true,
    ...member,
  };
}

/** Tenants of every plan in turn, one in nine suspended. */
export function fleetOf(count: number): FleetMember[] {
  const plans = catalog.flatMap(({ id: product, plans: list }) =>
    list.map(({ id: plan }) => ({ product, plan })),
  );
  return Array.from({ length: count }, (_, number) => {
    const kind = plans[number % plans.length];
    const state = number % 9 === 0 ? 'suspended' : 'active';
    return memberOf(number, { spec: specOf(number, { ...kind, state }) });
  });
}
