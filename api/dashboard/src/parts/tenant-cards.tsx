import { entitlementFigures, namespaceFigures, podFigures } from '../format.ts';
import type { Plan, Product, Tenant } from '../types.ts';
import { Figures } from './figures.tsx';
import { PriceTag } from './price.tsx';

interface PlanCardProps {
  readonly tenant: Tenant;
  readonly product: Product | undefined;
  readonly plan: Plan | undefined;
}

export function PlanCard({ tenant, product, plan }: PlanCardProps) {
  const { desired, observed } = tenant;
  const changing = observed.plan !== null && observed.plan !== desired.plan;
  const nameOf = (id: string | null) => product?.plans.find((known) => known.id === id)?.name ?? id;
  return (
    <section className="card">
      <h2>Plan</h2>
      {plan ? (
        <>
          <PriceTag price={plan.price} />
          <Figures figures={podFigures(plan.limits)} />
          <details>
            <summary>What the plan includes</summary>
            <Figures figures={[...entitlementFigures(plan), ...namespaceFigures(plan.limits)]} />
          </details>
        </>
      ) : (
        <p className="quiet">{tenant.plan}</p>
      )}
      {changing && (
        <p className="quiet">
          Changing from {nameOf(observed.plan)} to {nameOf(desired.plan)}.
        </p>
      )}
    </section>
  );
}

export function DatabaseCard({ tenant }: { tenant: Tenant }) {
  const outputs = tenant.outputs;
  if (outputs === null || (outputs.database === null && outputs.serviceUrl === null)) return null;
  const { database, serviceUrl } = outputs;
  return (
    <section className="card">
      <h2>{database ? 'Database' : 'Service'}</h2>
      <Figures
        figures={[
          ...(database
            ? [
                ...(database.name ? [{ label: 'Database', value: database.name }] : []),
                { label: 'Schema', value: database.schema },
                { label: 'Role', value: database.role },
                { label: 'Credentials', value: `Secret ${database.secretName}` },
              ]
            : []),
          ...(serviceUrl ? [{ label: 'Service', value: serviceUrl }] : []),
        ]}
      />
    </section>
  );
}
