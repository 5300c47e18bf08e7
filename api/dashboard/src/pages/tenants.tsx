import { useCallback, useState } from 'react';
import { listTenants } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { date, sentence } from '../format.ts';
import { useLoad } from '../load.ts';
import { HealthBadge, whyNotRunning } from '../parts/health.tsx';
import { isProvisioned, PhaseBadge } from '../parts/phase.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { paths } from '../route.ts';
import type { ProblemDetails, Tenant } from '../types.ts';

const pageSize = 50;

export function TenantsPage() {
  const { client } = useApp();
  const first = useLoad(useCallback(() => listTenants({ client, query: { limit: pageSize } }), [client]));
  const [more, setMore] = useState<{ tenants: Tenant[]; nextCursor: string | null } | null>(null);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const tenants = [...(first.value?.tenants ?? []), ...(more?.tenants ?? [])];
  const cursor = more === null ? (first.value?.nextCursor ?? null) : more.nextCursor;

  async function loadMore(from: string) {
    try {
      const next = await listTenants({ client, query: { limit: pageSize, cursor: from } });
      setMore((before) => ({ ...next, tenants: [...(before?.tenants ?? []), ...next.tenants] }));
      setProblem(null);
    } catch (error) {
      setProblem(toProblem(error));
    }
  }

  return (
    <section>
      <h1>Your tenants</h1>
      {first.problem && <ProblemNote problem={first.problem} action="Try again" onAction={first.again} />}
      {first.value === null && first.problem === null && <p className="quiet">Loading tenants…</p>}
      {first.value !== null && tenants.length === 0 && (
        <div className="empty">
          <p>You have no tenants yet.</p>
          <a className="button" href={paths.products}>
            Choose a plan
          </a>
        </div>
      )}
      {tenants.length > 0 && (
        <ul className="rows">
          {tenants.map((tenant) => (
            <TenantRow key={tenant.id} tenant={tenant} />
          ))}
        </ul>
      )}
      {problem && <ProblemNote problem={problem} />}
      {cursor !== null && (
        <button type="button" className="button button-quiet" onClick={() => void loadMore(cursor)}>
          Show more
        </button>
      )}
    </section>
  );
}

function TenantRow({ tenant }: { tenant: Tenant }) {
  return (
    <li>
      <a className="row" href={paths.tenant(tenant.id)}>
        <span className="row-name">
          <b>{tenant.namespace}</b>
          <span className="quiet">
            {tenant.reason?.message ??
              whyNotRunning(tenant) ??
              `${tenant.region}, since ${date(tenant.createdAt)}`}
          </span>
        </span>
        <span className="row-plan">
          {sentence(tenant.product)} <span className="quiet">{tenant.plan}</span>
        </span>
        <span className="badges">
          <PhaseBadge phase={tenant.phase} />
          {isProvisioned(tenant.phase) && <HealthBadge health={tenant.health} />}
        </span>
      </a>
    </li>
  );
}
