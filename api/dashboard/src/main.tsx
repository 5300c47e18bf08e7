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

/** What has to be known before the first page: where to sign in, and the end of a sign-in that is under way. */
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
        // A second use of the same answer (the back button) is no problem for somebody who is signed in.
        if (storedSession() !== null) return { config, problem: null };
        return { config, problem: { ...toProblem(error), title: 'Signing in did not work' } };
      },
    );
  } catch (error) {
    return { config: null, problem: toProblem(error) };
  }
}
