import { useCallback, useState } from 'react';
import {
  cancelSubscription,
  getSubscription,
  listInvoices,
  openPortal,
  payInvoice,
  reactivateSubscription,
} from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { date, sentence, words } from '../format.ts';
import { type Loaded, useLoad } from '../load.ts';
import { paths } from '../route.ts';
import type { ProblemDetails, Product, Subscription, Tenant } from '../types.ts';
import { ChangePlan } from './change-plan.tsx';
import { Figures } from './figures.tsx';
import { ProblemNote } from './problem.tsx';

export interface Billing {
  readonly subscription: Loaded<Subscription | null>;
  readonly busy: boolean;
  readonly problem: ProblemDetails | null;
  /** Does one thing at a time, and reads the subscription again afterwards. */
  act(work: () => Promise<unknown>): Promise<boolean>;
}

/** Reads the tenant's subscription, again whenever a change of it reaches the tenant. */
export function useBilling(tenant: Tenant | null): Billing {
  const { client } = useApp();
  const id = tenant?.subscription?.id ?? null;
  const version = JSON.stringify([tenant?.subscription, tenant?.desired.generation]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version is what makes it load again
  const load = useCallback(
    () => (id === null ? Promise.resolve(null) : getSubscription({ client, path: { id } })),
    [client, id, version],
  );
  const subscription = useLoad<Subscription | null>(load);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const { again } = subscription;

  const act = useCallback(
    async (work: () => Promise<unknown>) => {
      setBusy(true);
      setProblem(null);
      try {
        await work();
        again();
        return true;
      } catch (error) {
        setProblem(toProblem(error));
        return false;
      } finally {
        setBusy(false);
      }
    },
    [again],
  );
  return { subscription, busy, problem, act };
}

interface Props {
  readonly tenant: Tenant;
  readonly product: Product | undefined;
  readonly billing: Billing;
}

/** What is paid for, and what its admins can do about it. */
export function BillingCard({ tenant, product, billing }: Props) {
  const { client } = useApp();
  const [open, setOpen] = useState<'plan' | 'cancel' | null>(null);
  const { busy, problem, act } = billing;
  const found = billing.subscription.value;
  const shown = found ?? tenant.subscription;
  if (shown === null) {
    return (
      <section className="card">
        <h2>Subscription</h2>
        <p className="quiet">None on record.</p>
      </section>
    );
  }
  const ended = shown.status === 'canceled' || shown.status === 'incomplete_expired';
  const mayChange = found?.role === 'admin' && !ended;
  const portal = () =>
    act(async () => {
      const { url } = await openPortal({
        client,
        body: { subscription: shown.id, returnUrl: returnUrl(tenant) },
      });
      location.assign(url);
    });
  return (
    <section className="card" data-billing={shown.status} aria-busy={busy}>
      <h2>Subscription</h2>
      <Figures
        figures={[
          { label: 'Status', value: sentence(words(shown.status)) },
          ...(shown.currentPeriodEnd && !ended
            ? [{ label: shown.cancelAtPeriodEnd ? 'Ends' : 'Renews', value: date(shown.currentPeriodEnd) }]
            : []),
          ...(found?.seats && found.seats > 1 ? [{ label: 'Seats', value: String(found.seats) }] : []),
          ...(found?.organization ? [{ label: 'Paid by', value: found.organization.name }] : []),
          { label: 'Number', value: shown.id },
        ]}
      />
      {found?.role === 'viewer' && <p className="quiet">You may read this; an admin changes it.</p>}
      {mayChange && found && open === null && (
        <div className="actions">
          {found.status !== 'past_due' && product !== undefined && (
            <button type="button" className="button button-quiet" onClick={() => setOpen('plan')}>
              Change plan
            </button>
          )}
          <button type="button" className="button button-quiet" disabled={busy} onClick={() => void portal()}>
            Payment method
          </button>
          {found.cancelAtPeriodEnd ? (
            <button
              type="button"
              className="button button-quiet"
              disabled={busy}
              onClick={() => void act(() => reactivateSubscription({ client, path: { id: found.id } }))}
            >
              Keep subscription
            </button>
          ) : (
            <button type="button" className="link" onClick={() => setOpen('cancel')}>
              Cancel…
            </button>
          )}
        </div>
      )}
      {open === 'plan' && found && product && (
        <ChangePlan product={product} subscription={found} billing={billing} onClose={() => setOpen(null)} />
      )}
      {open === 'cancel' && found && (
        <div className="stack">
          <p>
            {found.currentPeriodEnd
              ? `It runs until ${date(found.currentPeriodEnd)}, which is paid for. You can take this back until then.`
              : 'It runs until the end of what is paid for.'}
          </p>
          <div className="actions">
            <button
              type="button"
              className="button"
              disabled={busy}
              onClick={() =>
                void act(() =>
                  cancelSubscription({ client, path: { id: found.id }, body: { when: 'period_end' } }),
                ).then((done) => done && setOpen(null))
              }
            >
              Cancel at the end
            </button>
            <button type="button" className="link" onClick={() => setOpen(null)}>
              Keep it
            </button>
          </div>
        </div>
      )}
      {problem && <ProblemNote problem={problem} />}
    </section>
  );
}

/** A payment that failed: until when the tenant keeps running, and the two ways to pay. */
export function Overdue({ tenant, billing }: Pick<Props, 'tenant' | 'billing'>) {
  const { client } = useApp();
  const found = billing.subscription.value;
  if (found === null || (found.status !== 'past_due' && found.status !== 'unpaid')) return null;
  const { busy, act } = billing;
  const pay = () =>
    act(async () => {
      const { invoices } = await listInvoices({
        client,
        query: { subscription: found.id, status: 'open' },
      });
      for (const { id } of invoices) await payInvoice({ client, path: { id } });
    });
  const method = () =>
    act(async () => {
      const { url } = await openPortal({
        client,
        body: {
          subscription: found.id,
          returnUrl: returnUrl(tenant),
          flow: 'payment_method_update',
        },
      });
      location.assign(url);
    });
  return (
    <div className="note note-warning" role="status" data-overdue={found.status}>
      <div className="note-text">
        <p className="note-title">A payment has failed</p>
        <p>
          {tenant.desired.state === 'active' && found.graceEndsAt
            ? `The tenant runs until ${date(found.graceEndsAt)}, then it is suspended unless the open invoice is paid. Its data is kept.`
            : 'The tenant resumes as soon as the open invoice is paid. Its data is kept.'}
        </p>
      </div>
      {found.role === 'admin' && (
        <div className="actions">
          <button type="button" className="button" disabled={busy} onClick={() => void method()}>
            Update payment method
          </button>
          <button type="button" className="button button-quiet" disabled={busy} onClick={() => void pay()}>
            {busy ? 'Paying…' : 'Pay now'}
          </button>
        </div>
      )}
    </div>
  );
}

function returnUrl({ id }: Tenant): string {
  return `${location.origin}${paths.tenant(id)}`;
}
