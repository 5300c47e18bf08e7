/** Signs in at the local issuer as a browser would: authorization code with PKCE, without the browser. */
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { CliProblem, exitCodes } from './problem.ts';

/** Never opened: the redirect contains the code. */
const redirectUri = 'http://127.0.0.1/tenantry-command';
const clientId = 'tenantry-command';
const tokenSchema = z.object({ access_token: z.string() });

/** An access token for an e-mail address; the local issuer does not check it. */
export async function signIn(issuer: string, email: string): Promise<string> {
  if (!z.email().max(254).safeParse(email).success)
    throw new CliProblem(
      exitCodes.usage,
      'invalid_email',
      `--as takes an e-mail address such as you@example.com, not "${email}".`,
    );
  const verifier = randomBytes(32).toString('base64url');
  const authorized = await post(issuer, '/authorize', {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    scope: 'openid tenant',
    email,
  });
  const back = URL.parse(authorized.headers.get('location') ?? '');
  const code = back?.searchParams.get('code');
  if (!code) throw refused(issuer, await authorized.text());
  const answer = await post(issuer, '/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: redirectUri,
    client_id: clientId,
    code_verifier: verifier,
  });
  const text = await answer.text();
  const token = tokenSchema.safeParse(answer.ok ? JSON.parse(text) : undefined);
  if (!token.success) throw refused(issuer, text);
  return token.data.access_token;
}

async function post(issuer: string, path: string, form: Record<string, string>): Promise<Response> {
  return fetch(`${issuer}${path}`, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'manual',
    signal: AbortSignal.timeout(10_000),
  }).catch(() => {
    throw new CliProblem(exitCodes.notRunning, 'not_running', `The issuer ${issuer} cannot be reached.`);
  });
}

function refused(issuer: string, why: string): CliProblem {
  return new CliProblem(exitCodes.notAllowed, 'sign_in_refused', `${issuer} refused the sign-in: ${why}`);
}
