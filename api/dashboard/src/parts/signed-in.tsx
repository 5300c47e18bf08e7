import { type ReactNode, useState } from 'react';
import { useApp } from '../context.ts';

/** Shows its children to people who are signed in, and the way to sign in to everybody else. */
export function SignedIn({ to, children }: { to: string; children: ReactNode }) {
  const { session, expired } = useApp();
  if (session !== null) return children;
  return (
    <section className="lone">
      <h1>{expired ? 'Your session has ended' : 'Sign in'}</h1>
      <p>{expired ? `Sign in again to ${to}.` : `Sign in to ${to}.`}</p>
      <SignInButton />
    </section>
  );
}

export function SignInButton({ label = 'Sign in' }: { label?: string }) {
  const { signIn } = useApp();
  const [busy, setBusy] = useState(false);
  return (
    <button
      type="button"
      className="button"
      disabled={busy}
      onClick={() => {
        setBusy(true);
        void signIn().finally(() => setBusy(false));
      }}
    >
      {label}
    </button>
  );
}
