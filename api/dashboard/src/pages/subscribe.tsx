import { type FormEvent, useCallback, useId, useState } from 'react';
import { createCheckout, listProducts } from '../../../client/index.ts';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import { money, podFigures } from '../format.ts';
import { useLoad } from '../load.ts';
import { Figures } from '../parts/figures.tsx';
import { PriceTag } from '../parts/price.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { SignInButton } from '../parts/signed-in.tsx';
import { paths } from '../route.ts';
import { slugComplaint } from '../slug.ts';
import type { Plan, ProblemDetails, Product } from '../types.ts';

interface Props {
  readonly product: string;
  readonly plan: string;
  readonly cancelled: boolean;
}

export function SubscribePage({ product: productId, plan: planId, cancelled }: Props) {
  const { client } = useApp();
  const { value, problem, again } = useLoad(useCallback(() => listProducts({ client }), [client]));
  const product = value?.products.find(({ id }) => id === productId);
  const plan = product?.plans.find(({ id }) => id === planId);
  if (problem) return <ProblemNote problem={problem} action="Try again" onAction={again} />;
  if (value === null) return <p className="quiet">Loading the plan…</p>;
  if (product === undefined || plan === undefined) {
    return (
      <section className="lone">
        <h1>There is no such plan</h1>
        <p>
          It may have been withdrawn. <a href={paths.products}>See the products</a>
        </p>
      </section>
    );
  }
  return (
    <section className="subscribe">
      <a className="back" href={paths.products}>
        All products
      </a>
      <h1>
        {product.name} <span className="quiet">{plan.name}</span>
      </h1>
      {cancelled && (
        <p className="note" role="status">
          The payment was not made. Nothing has been charged and no tenant was created.
        </p>
      )}
      <div className="subscribe-row">
        <Order product={product} plan={plan} />
        <aside className="card">
          <PriceTag price={plan.price} />
          <ul className="features">
            {plan.features.map((feature) => (
              <li key={feature}>{feature}</li>
            ))}
          </ul>
          <Figures figures={podFigures(plan.limits)} />
        </aside>
      </div>
    </section>
  );
}

function Order({ product, plan }: { product: Product; plan: Plan }) {
  const { session, expired } = useApp();
  if (plan.price.kind === 'custom') {
    return <p className="lead">This plan is agreed by hand. Contact us and we will set it up with you.</p>;
  }
  if (session === null) {
    return (
      <div className="stack">
        <p className="lead">
          {expired
            ? 'Your session has ended. Sign in again to go on.'
            : 'Sign in first: the tenant will be yours.'}
        </p>
        <SignInButton label="Sign in to subscribe" />
      </div>
    );
  }
  return <OrderForm product={product} plan={plan} />;
}

function OrderForm({ product, plan }: { product: Product; plan: Plan }) {
  const { client } = useApp();
  const needsSlug = product.namespace.from === 'slug';
  const perSeat = plan.price.kind === 'perSeat';
  const [slug, setSlug] = useState('');
  const [seats, setSeats] = useState(1);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const [refused, setRefused] = useState<Refusal | null>(null);
  const cents = (plan.price.priceCents ?? 0) * (perSeat ? seats : 1);
  const blocked = (needsSlug && slugComplaint(slug) !== null) || (perSeat && !validSeats(seats));

  async function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (blocked || busy) return;
    setBusy(true);
    setProblem(null);
    try {
      const checkout = await createCheckout({
        client,
        body: {
          product: product.id,
          plan: plan.id,
          ...(needsSlug ? { slug } : {}),
          ...(perSeat ? { seats } : {}),
          successUrl: `${location.origin}/?checkout={CHECKOUT_SESSION_ID}`,
          cancelUrl: `${location.origin}${paths.subscribe(product.id, plan.id)}?cancelled`,
        },
      });
      location.assign(checkout.url);
    } catch (error) {
      const found = toProblem(error);
      const message = found.errors?.find(({ field }) => field === 'slug')?.message;
      if (message) setRefused({ slug, message });
      setProblem(found);
      setBusy(false);
    }
  }

  return (
    <form className="stack" onSubmit={submit} noValidate>
      {needsSlug && (
        <SlugField
          prefix={product.namespace.prefix}
          value={slug}
          onChange={setSlug}
          insist={tried}
          refused={refused}
        />
      )}
      {perSeat && <SeatsField value={seats} onChange={setSeats} />}
      <p className="total">
        <span>Due now</span>
        <b>{money(cents, plan.price.currency)}</b>
        <span className="quiet">then every {plan.price.interval ?? 'month'}</span>
      </p>
      {problem && <ProblemNote problem={problem} />}
      <button type="submit" className="button button-wide" disabled={busy}>
        {busy ? 'Opening the payment page…' : 'Continue to payment'}
      </button>
    </form>
  );
}

/** A name that the API would refuse, and why. */
interface Refusal {
  readonly slug: string;
  readonly message: string;
}

interface SlugFieldProps {
  readonly prefix: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  /** Complain about an empty field too. */
  readonly insist: boolean;
  readonly refused: Refusal | null;
}

function SlugField({ prefix, value, onChange, insist, refused }: SlugFieldProps) {
  const id = useId();
  const refusal = refused?.slug === value ? `This name ${refused.message}.` : null;
  const complaint = value === '' && !insist ? null : (slugComplaint(value) ?? refusal);
  return (
    <div className="field">
      <label htmlFor={id}>Name of your tenant</label>
      <div className="input-row">
        {prefix && <span className="input-prefix">{prefix}</span>}
        <input
          id={id}
          name="slug"
          value={value}
          onChange={(event) => onChange(event.target.value)}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          maxLength={64}
          placeholder="acme"
          aria-invalid={complaint !== null}
          aria-describedby={`${id}-hint`}
        />
      </div>
      <p id={`${id}-hint`} className={complaint === null ? 'hint' : 'hint hint-bad'} aria-live="polite">
        {complaint ??
          (value === ''
            ? 'Lower case letters, digits and single hyphens.'
            : `Its namespace will be ${prefix}${value}.`)}
      </p>
    </div>
  );
}

function SeatsField({ value, onChange }: { value: number; onChange: (value: number) => void }) {
  const id = useId();
  return (
    <div className="field field-short">
      <label htmlFor={id}>Seats</label>
      <input
        id={id}
        name="seats"
        type="number"
        inputMode="numeric"
        min={1}
        max={10_000}
        step={1}
        value={Number.isNaN(value) ? '' : value}
        onChange={(event) => onChange(event.target.valueAsNumber)}
        aria-invalid={!validSeats(value)}
        aria-describedby={`${id}-hint`}
      />
      <p id={`${id}-hint`} className={validSeats(value) ? 'hint' : 'hint hint-bad'} aria-live="polite">
        {validSeats(value) ? 'Each seat is billed every month.' : 'A whole number from 1 to 10,000.'}
      </p>
    </div>
  );
}

function validSeats(seats: number): boolean {
  return Number.isInteger(seats) && seats >= 1 && seats <= 10_000;
}
