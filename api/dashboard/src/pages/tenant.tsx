import { useCallback, useEffect } from 'react';
import { listProducts } from '../../../client/index.ts';
import { useApp } from '../context.ts';
import { useLiveTenant } from '../live-tenant.ts';
import { useLoad } from '../load.ts';
import { BillingCard, Overdue, useBilling } from '../parts/billing.tsx';
import { HealthBadge, HealthNote } from '../parts/health.tsx';
import { Invoices } from '../parts/invoices.tsx';
import { Objects } from '../parts/objects.tsx';
import { isMoving, isProvisioned, PhaseBadge } from '../parts/phase.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { ProductPart } from '../parts/product-part.tsx';
import { Readout } from '../parts/readout.tsx';
import { DatabaseCard, PlanCard } from '../parts/tenant-cards.tsx';
import { Timeline } from '../parts/timeline.tsx';
import { Trouble } from '../parts/trouble.tsx';
import { paths } from '../route.ts';

export function TenantPage({ id }: { id: string }) {
  const { client } = useApp();
  const { tenant, entries, link, problem, show } = useLiveTenant(client, id);
  const products = useLoad(useCallback(() => listProducts({ client }), [client]));
  const billing = useBilling(tenant);

  const namespace = tenant?.namespace;
  useEffect(() => {
    if (namespace !== undefined) document.title = `${namespace} · Tenantry`;
  }, [namespace]);

  if (tenant === null) {
    return (
      <section className="lone">
        <h1>{problem?.status === 404 ? 'No such tenant' : 'Tenant'}</h1>
        {problem ? <ProblemNote problem={problem} /> : <p className="quiet">Loading the tenant…</p>}
        <p>
          <a href={paths.tenants}>See all your tenants</a>
        </p>
      </section>
    );
  }

  const product = products.value?.products.find((candidate) => candidate.id === tenant.product);
  const plan = product?.plans.find((candidate) => candidate.id === tenant.plan);
  return (
    <article className="tenant" data-phase={tenant.phase}>
      <a className="back" href={paths.tenants}>
        All tenants
      </a>
      <header className="tenant-head">
        <div>
          <h1>{tenant.namespace}</h1>
          <p className="facts">
            <span>{product?.name ?? tenant.product}</span>
            <span>{plan?.name ?? tenant.plan}</span>
            <span>{tenant.region}</span>
          </p>
        </div>
        <div className="badges">
          <PhaseBadge phase={tenant.phase} />
          {isProvisioned(tenant.phase) && <HealthBadge health={tenant.health} />}
        </div>
      </header>

      <Readout tenant={tenant} entries={entries} />
      {isProvisioned(tenant.phase) && <HealthNote health={tenant.health} />}
      <Trouble tenant={tenant} onRetried={show} />
      <Overdue tenant={tenant} billing={billing} />
      {problem && <ProblemNote problem={problem} />}

      <div className="tenant-row">
        <div className="tenant-main">
          <Timeline entries={entries} link={link} running={isMoving(tenant.phase)} />
          <ProductPart tenant={tenant} />
          <Objects outputs={tenant.outputs} />
        </div>
        <div className="cards">
          <BillingCard tenant={tenant} product={product} billing={billing} />
          <PlanCard tenant={tenant} product={product} plan={plan} />
          {billing.subscription.value && <Invoices subscription={billing.subscription.value} />}
          <DatabaseCard tenant={tenant} />
        </div>
      </div>
    </article>
  );
}
