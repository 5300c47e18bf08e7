import { type FormEvent, useEffect, useId, useState } from 'react';
import { changeSubscription, previewChange } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { money } from '../format.ts';
import type { ChangePreview, ProblemDetails, Product, Subscription } from '../types.ts';
import type { Billing } from './billing.tsx';
import { ProblemNote } from './problem.tsx';

interface Props {
  readonly product: Product;
  readonly subscription: Subscription;
  readonly billing: Billing;
  readonly onClose: () => void;
}

/** Another plan or number of seats: shows the cost first, then charges exactly that. */
export function ChangePlan({ product, subscription, billing, onClose }: Props) {
  const { client } = useApp();
  const { busy, act } = billing;
  const ids = useId();
  const [plan, setPlan] = useState(subscription.plan ?? product.plans[0]?.id ?? '');
  const [seats, setSeats] = useState(subscription.seats ?? 1);
  const [preview, setPreview] = useState<ChangePreview | null>(null);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const chosen = product.plans.find(({ id }) => id === plan);
  const most = chosen?.price.maxSeats ?? null;
  const seatsOk = most === null || (Number.isInteger(seats) && seats >= 1 && seats <= most);
  const same = plan === subscription.plan && (most === null || seats === subscription.seats);

  useEffect(() => {
    setPreview(null);
    setProblem(null);
    if (same || !seatsOk) return;
    let current = true;
    // Asks once for a typed number, not for each digit.
    const timer = setTimeout(() => {
      const path = { id: subscription.id };
      previewChange({ client, path, body: { plan, ...(most !== null && { seats }) } }).then(
        (cost) => current && setPreview(cost),
        (error: unknown) => current && setProblem(toProblem(error)),
      );
    }, 250);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [client, subscription.id, plan, seats, most, same, seatsOk]);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (preview === null || busy) return;
    const { prorationDate } = preview;
    const wish = { plan, ...(most !== null && { seats }), prorationDate };
    if (await act(() => changeSubscription({ client, path: { id: subscription.id }, body: wish }))) onClose();
  }

  return (
    <form className="stack" onSubmit={submit} noValidate>
      <div className="field">
        <label htmlFor={`${ids}-plan`}>Plan</label>
        <select id={`${ids}-plan`} value={plan} onChange={(event) => setPlan(event.target.value)}>
          {product.plans
            .filter(({ price }) => price.kind !== 'custom')
            .map(({ id, name, price }) => (
              <option key={id} value={id}>
                {name}, {money(price.priceCents ?? 0, price.currency)}
                {price.kind === 'perSeat' ? ' per seat' : ''}
              </option>
            ))}
        </select>
      </div>
      {most !== null && (
        <div className="field field-short">
          <label htmlFor={`${ids}-seats`}>Seats</label>
          <input
            id={`${ids}-seats`}
            type="number"
            inputMode="numeric"
            min={1}
            max={most}
            step={1}
            value={Number.isNaN(seats) ? '' : seats}
            onChange={(event) => setSeats(event.target.valueAsNumber)}
            aria-invalid={!seatsOk}
            aria-describedby={`${ids}-hint`}
          />
          <p id={`${ids}-hint`} className={seatsOk ? 'hint' : 'hint hint-bad'} aria-live="polite">
            {seatsOk
              ? `Up to ${most.toLocaleString('en-US')}.`
              : `A whole number from 1 to ${most.toLocaleString('en-US')}.`}
          </p>
        </div>
      )}
      {preview && <Cost preview={preview} />}
      {problem && <ProblemNote problem={problem} />}
      <div className="actions">
        <button type="submit" className="button" disabled={preview === null || busy}>
          {busy
            ? 'Changing…'
            : preview && preview.dueNowCents > 0
              ? `Pay ${money(preview.dueNowCents, preview.currency)}`
              : 'Change'}
        </button>
        <button type="button" className="link" onClick={onClose}>
          Leave as it is
        </button>
      </div>
    </form>
  );
}

function Cost({ preview }: { preview: ChangePreview }) {
  const { currency, dueNowCents, nextInvoiceCents, periodCents, lines } = preview;
  return (
    <div className="cost" data-cost={dueNowCents}>
      <dl className="figures">
        <div>
          <dt>Due now</dt>
          <dd>{money(dueNowCents, currency)}</dd>
        </div>
        {nextInvoiceCents !== 0 && (
          <div>
            <dt>{nextInvoiceCents < 0 ? 'Credit on the next invoice' : 'On the next invoice'}</dt>
            <dd>{money(Math.abs(nextInvoiceCents), currency)}</dd>
          </div>
        )}
        <div>
          <dt>Then every month</dt>
          <dd>{money(periodCents, currency)}</dd>
        </div>
      </dl>
      {lines.length > 0 && (
        <details>
          <summary>How that comes about</summary>
          <dl className="figures">
            {lines.map((line) => (
              <div key={`${line.description}${line.amountCents}`}>
                <dt>{line.description}</dt>
                <dd>{money(line.amountCents, currency)}</dd>
              </div>
            ))}
          </dl>
        </details>
      )}
    </div>
  );
}
