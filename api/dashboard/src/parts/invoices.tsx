import { useCallback, useEffect, useState } from 'react';
import { listInvoices } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { date, money } from '../format.ts';
import type { Invoice, ProblemDetails, Subscription } from '../types.ts';
import { ProblemNote } from './problem.tsx';

const pageSize = 6;

/** The subscription's invoices, newest first, each with a link to read and pay it. */
export function Invoices({ subscription }: { subscription: Subscription }) {
  const { client } = useApp();
  const { id, status, plan, seats } = subscription;
  const [shown, setShown] = useState<{ invoices: readonly Invoice[]; nextCursor: string | null } | null>(
    null,
  );
  const [problem, setProblem] = useState<ProblemDetails | null>(null);

  const load = useCallback(
    (cursor: string | null) =>
      listInvoices({
        client,
        query: { subscription: id, limit: pageSize, ...(cursor !== null && { cursor }) },
      }),
    [client, id],
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what changes the subscription makes invoices
  useEffect(() => {
    let current = true;
    load(null).then(
      (page) => current && setShown(page),
      (error: unknown) => current && setProblem(toProblem(error)),
    );
    return () => {
      current = false;
    };
  }, [load, status, plan, seats]);

  async function more() {
    if (!shown?.nextCursor) return;
    try {
      const page = await load(shown.nextCursor);
      setShown({ invoices: [...shown.invoices, ...page.invoices], nextCursor: page.nextCursor });
    } catch (error) {
      setProblem(toProblem(error));
    }
  }

  return (
    <section className="card" aria-label="Invoices">
      <h2>Invoices</h2>
      {shown !== null && shown.invoices.length === 0 && <p className="quiet">None yet.</p>}
      <ul className="invoices">
        {shown?.invoices.map((invoice) => (
          <li key={invoice.id} data-invoice={invoice.status}>
            <span>
              {invoice.hostedUrl ? (
                <a href={invoice.hostedUrl}>{date(invoice.createdAt)}</a>
              ) : (
                date(invoice.createdAt)
              )}
              {invoice.pdfUrl && (
                <>
                  {' '}
                  <a
                    className="quiet"
                    href={invoice.pdfUrl}
                    aria-label={`PDF of ${invoice.number ?? invoice.id}`}
                  >
                    PDF
                  </a>
                </>
              )}
            </span>
            <span className="quiet">{invoice.status}</span>
            <b>{money(invoice.totalCents, invoice.currency)}</b>
          </li>
        ))}
      </ul>
      {shown?.nextCursor && (
        <button type="button" className="link" onClick={() => void more()}>
          Show older ones
        </button>
      )}
      {problem && <ProblemNote problem={problem} />}
    </section>
  );
}
