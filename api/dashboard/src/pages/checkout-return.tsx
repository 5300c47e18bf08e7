import { useEffect, useState } from 'react';
import { listTenants, TenantryError } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { ProblemNote } from '../parts/problem.tsx';
import { paths } from '../route.ts';
import type { ProblemDetails, Tenant } from '../types.ts';

const firstWaitMs = 100;
const longestWaitMs = 1_500;
/** After this the page says that it takes longer than usual, and goes on asking. */
const patienceMs = 8_000;

/** Where the payment page sends the visitor: waits for the paid tenant and opens it. */
export function CheckoutReturnPage({ session }: { session: string }) {
  const { client, replace } = useApp();
  const [late, setLate] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  /** Why there will be no tenant until somebody fixes the cause. */
  const [reason, setReason] = useState<Tenant['reason']>(null);
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round asks again
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let gone = false;
    const startedMs = Date.now();
    async function ask(waitMs: number) {
      try {
        const found = await listTenants({ client, query: { checkout: session } });
        if (gone) return;
        const tenant = found.tenants[0];
        if (tenant !== undefined) return replace(paths.tenant(tenant.id));
        setReason(found.reason ?? null);
        setProblem(null);
      } catch (error) {
        if (gone) return;
        setProblem(toProblem(error));
        const status = error instanceof TenantryError ? error.status : 0;
        if (status >= 400 && status < 500) return;
      }
      setLate(Date.now() - startedMs > patienceMs);
      timer = setTimeout(() => void ask(Math.min(longestWaitMs, waitMs * 1.4)), waitMs);
    }
    void ask(firstWaitMs);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [client, session, replace, round]);

  return (
    <section className="lone">
      <h1>Payment received</h1>
      {reason === null ? (
        <p role="status" className="waiting">
          <span className="dot" aria-hidden="true" />
          {late
            ? 'This takes longer than usual. Your payment is safe: the tenant appears as soon as the payment is confirmed.'
            : 'Opening your tenant…'}
        </p>
      ) : (
        <ProblemNote
          problem={{
            title: 'Your tenant cannot be set up yet',
            status: 0,
            detail: reason.message,
            code: reason.code,
          }}
        />
      )}
      {problem && (
        <ProblemNote problem={problem} action="Try again" onAction={() => setRound((before) => before + 1)} />
      )}
      {late && (
        <p>
          <a href={paths.tenants}>See all your tenants</a>
        </p>
      )}
    </section>
  );
}
