/** The installation that commands talk to, and as whom. */
import { type Client, createTenantryClient } from '../api/client/index.ts';
import { type Endpoints, readEndpoints } from '../automation/local/index.ts';
import type { CliEnv } from './env.ts';
import { CliProblem, exitCodes, notRunning } from './problem.ts';
import { signIn } from './sign-in.ts';

export interface Connection {
  readonly env: CliEnv;
  readonly endpoints: Endpoints;
  /** Without a token. */
  readonly client: Client;
}

/** Who makes requests: a person by e-mail address, or (without one) the operator. */
export interface Identity {
  readonly as?: string | undefined;
}

/** @throws CliProblem `not_running` when nothing runs in the home */
export async function connect(env: CliEnv): Promise<Connection> {
  const endpoints = await readEndpoints(env.home);
  if (!endpoints) throw notRunning(env.home);
  return { env, endpoints, client: clientOf(endpoints.api) };
}

/** A client for requests of a person, or of the operator. */
export async function clientAs(connection: Connection, identity: Identity): Promise<Client> {
  return clientOf(connection.endpoints.api, await tokenFor(connection, identity));
}

/** Makes no retries: the person at the terminal learns at once that nothing answers, and decides. */
export function clientOf(url: string, token?: string): Client {
  return createTenantryClient({
    baseUrl: url,
    retry: { retries: 0 },
    ...(token !== undefined && { token }),
  });
}

/**
 * An access token: `TENANTRY_TOKEN` where it is set, else one of the local issuer.
 * @throws CliProblem `sign_in_elsewhere` when the installation has an identity provider of its own
 */
export async function tokenFor({ env, endpoints }: Connection, { as }: Identity): Promise<string> {
  if (env.token !== undefined) return env.token;
  if (endpoints.operatorToken === null)
    throw new CliProblem(
      exitCodes.notAllowed,
      'sign_in_elsewhere',
      `This Tenantry trusts ${endpoints.issuer}: sign in there and put the access token into TENANTRY_TOKEN.`,
    );
  return as === undefined ? endpoints.operatorToken : signIn(endpoints.issuer, as);
}
