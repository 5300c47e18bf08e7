import { useEffect, useMemo, useRef, useState } from 'react';
import { toProblem } from '../api.ts';
import { useApp } from '../context.ts';
import type { PagePart } from '../page-part.ts';
import type { ProblemDetails, Tenant } from '../types.ts';
import { ProblemNote } from './problem.tsx';

/** The product's part of a tenant's page, from this tree or from a package; nothing where there is none. */
export function ProductPart({ tenant }: { tenant: Tenant }) {
  const { parts, config, session } = useApp();
  const place = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<ProblemDetails | null>(null);
  const { id, product, plan, phase } = tenant;
  const address = config?.parts[product];
  const load = useMemo(
    () =>
      parts[product] ??
      (address === undefined ? null : (): Promise<PagePart> => import(/* @vite-ignore */ address)),
    [parts, product, address],
  );
  const token = session?.token;

  useEffect(() => {
    if (load === null) return;
    let end = () => {};
    let open = true;
    const request = (path: string, init: RequestInit = {}) => {
      const headers = new Headers(init.headers);
      headers.set('authorization', `Bearer ${token}`);
      return fetch(path, { ...init, headers });
    };
    setProblem(null);
    load()
      .then((part) => {
        if (open && place.current)
          end = part.mount(place.current, { tenant: { id, product, plan, phase }, request });
      })
      .catch((error: unknown) => {
        if (open) setProblem({ ...toProblem(error), title: 'The product’s part of this page did not load' });
      });
    return () => {
      open = false;
      end();
      place.current?.replaceChildren();
    };
  }, [load, token, id, product, plan, phase]);

  if (load === null) return null;
  return (
    <section className="product-part" data-product-part={product}>
      {problem && <ProblemNote problem={problem} />}
      <div ref={place} />
    </section>
  );
}
