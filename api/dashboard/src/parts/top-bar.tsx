import { useApp } from '../context.ts';
import { paths, type Route } from '../route.ts';
import { isOperator } from '../session.ts';

export function TopBar({ page }: { page: Route['page'] }) {
  const { session, config, signIn, signOut } = useApp();
  const here = (pages: readonly Route['page'][]) => (pages.includes(page) ? 'page' : undefined);
  return (
    <header className="top">
      <div className="wrap top-row">
        <a className="brand" href={paths.products} aria-label="Tenantry, products">
          <Mark />
          <span>Tenantry</span>
        </a>
        <nav aria-label="Pages">
          <a className="tab" href={paths.products} aria-current={here(['products', 'subscribe'])}>
            Products
          </a>
          <a className="tab" href={paths.tenants} aria-current={here(['tenants', 'tenant', 'checkout'])}>
            Tenants
          </a>
          {session && isOperator(session) && (
            <a className="tab" href={paths.figures} aria-current={here(['figures'])}>
              Figures
            </a>
          )}
        </nav>
        <div className="who">
          {config?.local && <span className="tag">Simulated payments</span>}
          {session ? (
            <>
              <span className="who-name" title={session.subject}>
                {session.label}
              </span>
              <button type="button" className="link" onClick={signOut}>
                Sign out
              </button>
            </>
          ) : (
            <button type="button" className="link" onClick={() => void signIn()}>
              Sign in
            </button>
          )}
        </div>
      </div>
    </header>
  );
}

/** Four plots, one of them let. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
      <rect x="1" y="1" width="9.5" height="9.5" rx="2" />
      <rect className="mark-let" x="13.5" y="1" width="9.5" height="9.5" rx="2" />
      <rect x="1" y="13.5" width="9.5" height="9.5" rx="2" />
      <rect x="13.5" y="13.5" width="9.5" height="9.5" rx="2" />
    </svg>
  );
}
