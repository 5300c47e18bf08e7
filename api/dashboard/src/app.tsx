import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { createApi, toProblem } from './api.ts';
import { type AppContext, Context } from './context.ts';
import type { PageParts } from './page-part.ts';
import { CheckoutReturnPage } from './pages/checkout-return.tsx';
import { FiguresPage } from './pages/figures.tsx';
import { ProductsPage } from './pages/products.tsx';
import { SubscribePage } from './pages/subscribe.tsx';
import { TenantPage } from './pages/tenant.tsx';
import { TenantsPage } from './pages/tenants.tsx';
import { ProblemNote } from './parts/problem.tsx';
import { SignedIn } from './parts/signed-in.tsx';
import { TopBar } from './parts/top-bar.tsx';
import { paths, type Route, routeOf } from './route.ts';
import { forgetSession, type Session, startSignIn, storedSession } from './session.ts';
import type { Config, ProblemDetails } from './types.ts';

/** What the page knows when it opens. */
export interface Opening {
  readonly config: Config | null;
  readonly problem: ProblemDetails | null;
}

export function App({ opening, parts }: { opening: Opening; parts: PageParts }) {
  const [session, setSession] = useState<Session | null>(() => storedSession());
  const [expired, setExpired] = useState(false);
  const [problem, setProblem] = useState(opening.problem);
  const [route, replace] = useRoute();
  const token = useRef(session?.token ?? null);
  const { config } = opening;

  const end = useCallback((because: 'expired' | 'sign-out') => {
    forgetSession();
    token.current = null;
    setSession(null);
    setExpired(because === 'expired');
  }, []);
  useExpiry(session, end);

  const client = useMemo(
    () => createApi({ token: () => token.current, onUnauthorized: () => end('expired') }),
    [end],
  );

  const signIn = useCallback(async () => {
    try {
      if (config === null) throw new Error('The service did not say where to sign in. Reload the page.');
      setProblem(null);
      await startSignIn(config, `${location.pathname}${location.search}${location.hash}`);
    } catch (error) {
      setProblem({ ...toProblem(error), title: 'The sign-in page cannot be reached' });
    }
  }, [config]);

  const app = useMemo<AppContext>(
    () => ({ client, config, parts, session, expired, signIn, signOut: () => end('sign-out'), replace }),
    [client, config, parts, session, expired, signIn, end, replace],
  );

  return (
    <Context value={app}>
      <TopBar page={route.page} />
      <main className="wrap" id="main" tabIndex={-1}>
        {problem && <ProblemNote problem={problem} />}
        <Page route={route} key={route.page === 'products' ? route.page : JSON.stringify(route)} />
      </main>
      <footer className="foot-line">
        <div className="wrap foot">
          <span>Tenantry</span>
          <nav aria-label="Service">
            <a href="/docs">API reference</a>
            <a href="/openapi.json">OpenAPI</a>
          </nav>
        </div>
      </footer>
    </Context>
  );
}

function Page({ route }: { route: Route }) {
  useArrival(route);
  switch (route.page) {
    case 'products':
      return <ProductsPage first={route.product} />;
    case 'subscribe':
      return <SubscribePage product={route.product} plan={route.plan} cancelled={route.cancelled} />;
    case 'checkout':
      return (
        <SignedIn to="see the tenant you have just paid for">
          <CheckoutReturnPage session={route.session} />
        </SignedIn>
      );
    case 'tenants':
      return (
        <SignedIn to="see your tenants">
          <TenantsPage />
        </SignedIn>
      );
    case 'tenant':
      return (
        <SignedIn to="see this tenant">
          <TenantPage id={route.id} />
        </SignedIn>
      );
    case 'figures':
      return (
        <SignedIn to="see the figures, as an operator">
          <FiguresPage />
        </SignedIn>
      );
    case 'unknown':
      return (
        <section className="lone">
          <h1>There is nothing here</h1>
          <p>
            The address names no page. <a href={paths.products}>See the products</a>
          </p>
        </section>
      );
  }
}

const titles: Readonly<Record<Route['page'], string>> = {
  products: 'Products',
  subscribe: 'Subscribe',
  checkout: 'Payment received',
  tenants: 'Your tenants',
  tenant: 'Tenant',
  figures: 'Figures',
  unknown: 'Not found',
};

/** A new page starts at its top, with its own title; keyboards and screen readers go on from there. */
function useArrival(route: Route): void {
  useEffect(() => {
    const { activeElement } = document;
    if (activeElement === null || activeElement === document.body) document.getElementById('main')?.focus();
    document.title = `${titles[route.page]} · Tenantry`;
    if (route.page !== 'products' || route.product === null) window.scrollTo(0, 0);
  }, [route]);
}

function useRoute(): [Route, (path: string) => void] {
  const [route, setRoute] = useState(() => routeOf(new URL(location.href)));
  useEffect(() => {
    const update = () => setRoute(routeOf(new URL(location.href)));
    window.addEventListener('hashchange', update);
    window.addEventListener('popstate', update);
    return () => {
      window.removeEventListener('hashchange', update);
      window.removeEventListener('popstate', update);
    };
  }, []);
  const replace = useCallback((path: string) => {
    history.replaceState(null, '', path);
    setRoute(routeOf(new URL(location.href)));
  }, []);
  return [route, replace];
}

/** Ends the session on the page when its time is over, not only at the next request. */
function useExpiry(session: Session | null, end: (because: 'expired') => void): void {
  useEffect(() => {
    if (session === null) return;
    const longestTimerMs = 2 ** 31 - 1;
    const timer = setTimeout(() => end('expired'), Math.min(longestTimerMs, session.expiresAt - Date.now()));
    return () => clearTimeout(timer);
  }, [session, end]);
}
