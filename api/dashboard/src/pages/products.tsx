import { useCallback, useEffect } from 'react';
import { listProducts } from '../../../client/index.ts';
import { useApp } from '../context.ts';
import { entitlementFigures, namespaceFigures, podFigures, unitMoney } from '../format.ts';
import { useLoad } from '../load.ts';
import { Figures } from '../parts/figures.tsx';
import { PriceTag } from '../parts/price.tsx';
import { ProblemNote } from '../parts/problem.tsx';
import { paths } from '../route.ts';
import type { Plan, Product } from '../types.ts';

export function ProductsPage({ first }: { first: string | null }) {
  const { client } = useApp();
  const loaded = useLoad(useCallback(() => listProducts({ client }), [client]));
  const { problem, again } = loaded;
  const value = loaded.value?.products ?? null;
  useEffect(() => {
    if (value !== null && first !== null) document.getElementById(`product-${first}`)?.scrollIntoView();
  }, [value, first]);
  return (
    <>
      <section className="hero">
        <h1>Choose a plan. Watch it become a tenant.</h1>
        <p>
          Payment turns into a namespace, limits, network rules and a database of your own on a real
          Kubernetes API, usually in about a second.
        </p>
      </section>
      {value !== null && value.length > 1 && (
        <nav className="index" aria-label="Products">
          {value.map(({ id, name }) => (
            <a key={id} href={paths.product(id)}>
              {name}
            </a>
          ))}
        </nav>
      )}
      {problem && <ProblemNote problem={problem} action="Try again" onAction={again} />}
      {value === null && problem === null && <p className="quiet">Loading products…</p>}
      {value?.length === 0 && <p className="quiet">No products are on sale here.</p>}
      {value?.map((product) => (
        <ProductSection key={product.id} product={product} />
      ))}
    </>
  );
}

function ProductSection({ product }: { product: Product }) {
  const title = `product-${product.id}`;
  return (
    <section className="product" aria-labelledby={title} data-product={product.id}>
      <header className="product-about">
        <h2 id={title}>{product.name}</h2>
        <p>{product.description}</p>
        <p className="namespace-rule">
          <span className="quiet">Namespace</span>
          <code>
            {product.namespace.prefix}
            <i>{product.namespace.from === 'slug' ? 'your-name' : 'id'}</i>
          </code>
        </p>
        <Meters product={product} />
      </header>
      <ul className="plans" data-count={product.plans.length}>
        {product.plans.map((plan) => (
          <PlanColumn key={plan.id} product={product} plan={plan} />
        ))}
      </ul>
    </section>
  );
}

function PlanColumn({ product, plan }: { product: Product; plan: Plan }) {
  const all = [...podFigures(plan.limits), ...entitlementFigures(plan), ...namespaceFigures(plan.limits)];
  return (
    <li className="plan" data-plan={plan.id}>
      <h3>{plan.name}</h3>
      <PriceTag price={plan.price} />
      <ul className="features">
        {plan.features.map((feature) => (
          <li key={feature}>{feature}</li>
        ))}
      </ul>
      {all.length > 0 && (
        <details>
          <summary>All limits</summary>
          <Figures figures={all} />
        </details>
      )}
      {plan.price.kind === 'custom' ? (
        <p className="contact">Contact us to agree on terms</p>
      ) : (
        <a
          className="button"
          href={paths.subscribe(product.id, plan.id)}
          aria-label={`Subscribe to ${product.name} ${plan.name}`}
        >
          Subscribe
        </a>
      )}
    </li>
  );
}

function Meters({ product }: { product: Product }) {
  const priced = product.meters.flatMap((meter) =>
    meter.unitPriceMicros ? [{ ...meter, price: unitMoney(meter.unitPriceMicros) }] : [],
  );
  if (priced.length === 0) return null;
  return (
    <div className="meters">
      <p className="quiet">Metered use</p>
      <ul>
        {priced.map((meter) => (
          <li key={meter.id}>
            <b>{meter.price}</b> per {meter.unit}
          </li>
        ))}
      </ul>
    </div>
  );
}
