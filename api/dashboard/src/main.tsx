import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { pages } from '../../../services/pages.ts';
import { getPageConfig } from '../../client/index.ts';
import { createApi, toProblem } from './api.ts';
import { App, type Opening } from './app.tsx';
import { Boundary } from './parts/boundary.tsx';
import { finishSignIn, isSignInAnswer, storedSession } from './session.ts';

const root = createRoot(document.getElementById('root') ?? document.body);
root.render(
  <StrictMode>
    <Boundary>
      <App opening={await open()} parts={pages} />
    </Boundary>
  </StrictMode>,
);

/** Finds out what the first page needs: where to sign in, and the outcome of a sign-in that is under way. */
async function open(): Promise<Opening> {
  const client = createApi({ token: () => null, onUnauthorized: () => {} });
  const url = new URL(location.href);
  try {
    const config = await getPageConfig({ client });
    if (!isSignInAnswer(url)) return { config, problem: null };
    return await finishSignIn(config, url).then(
      ({ returnTo }) => {
        history.replaceState(null, '', returnTo);
        return { config, problem: null };
      },
      (error: unknown) => {
        history.replaceState(null, '', '/');
        // Using the same answer twice (the back button) is no problem for somebody who is signed in.
        if (storedSession() !== null) return { config, problem: null };
        return { config, problem: { ...toProblem(error), title: 'Signing in did not work' } };
      },
    );
  } catch (error) {
    return { config: null, problem: toProblem(error) };
  }
}
