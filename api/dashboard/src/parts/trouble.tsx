import { useState } from 'react';
import { retryTenant } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { date, dateTime } from '../format.ts';
import type { ProblemDetails, Tenant } from '../types.ts';
import { ProblemNote } from './problem.tsx';

const headings: Readonly<Record<string, string>> = {
  failed: 'This tenant could not be brought to its plan',
  suspended: 'This tenant is suspended',
  suspending: 'This tenant is being suspended',
  deleting: 'This tenant is being deleted',
  deleted: 'This tenant has been deleted',
};

function titleOf({ code }: NonNullable<Tenant['reason']>): string {
  return code === 'interrupted' ? 'The work on it was interrupted' : 'The last attempt did not succeed';
}

/** Says why a tenant is not what was paid for and what happens next, and offers to retry at once. */
export function Trouble({ tenant, onRetried }: { tenant: Tenant; onRetried: (tenant: Tenant) => void }) {
  const { client } = useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const heading = headings[tenant.phase] ?? (tenant.reason ? titleOf(tenant.reason) : null);
  if (heading === null && !tenant.deleteAfter) return null;

  async function retry() {
    setBusy(true);
    setProblem(null);
    try {
      onRetried(await retryTenant({ client, path: { id: tenant.id } }));
    } catch (error) {
      setProblem(toProblem(error));
    } finally {
      setBusy(false);
    }
  }

  const mayRetry =
    tenant.phase === 'failed' || tenant.phase === 'suspended' || (tenant.reason && tenant.nextTryAt);
  return (
    <>
      <div className={`note ${tenant.phase === 'failed' ? 'note-bad' : 'note-warning'}`} role="status">
        <div className="note-text">
          <p className="note-title">{heading ?? 'This tenant will be deleted'}</p>
          {tenant.reason && <p>{tenant.reason.message}</p>}
          {consequence(tenant) && <p>{consequence(tenant)}</p>}
          {tenant.nextTryAt && <p>Next try at {dateTime(tenant.nextTryAt)}.</p>}
          {tenant.deleteAfter && tenant.phase !== 'deleted' && (
            <p>Its data is kept until {date(tenant.deleteAfter)}, then deleted.</p>
          )}
          {tenant.cause && <p className="code-line">{tenant.cause}</p>}
          {tenant.reason && <p className="code-line">{tenant.reason.code}</p>}
        </div>
        {mayRetry && (
          <button type="button" className="button button-quiet" disabled={busy} onClick={() => void retry()}>
            {busy ? 'Retrying…' : 'Retry'}
          </button>
        )}
      </div>
      {problem && <ProblemNote problem={problem} />}
    </>
  );
}

function consequence(tenant: Tenant): string | null {
  if (tenant.phase === 'suspended') return 'Its compute is scaled to zero; its data is kept.';
  if (tenant.phase === 'deleted') return 'Nothing of it remains in the cluster or the database.';
  return null;
}
