import { type Client, createTenantryClient, TenantryError } from '../../client/index.ts';
import type { ProblemDetails } from './types.ts';

/** Turns anything thrown into something to show. */
export function toProblem(error: unknown): ProblemDetails {
  if (!(error instanceof TenantryError)) {
    const detail = error instanceof Error ? error.message : String(error);
    return { title: 'Something went wrong on this page', status: 0, detail, code: 'page-error' };
  }
  const { title, status, detail, code, errors } = error;
  if (code !== 'unreachable') return { title, status, detail, code, errors };
  return {
    ...{ title: 'Tenantry cannot be reached', status, code },
    detail: 'The service did not answer. Check that it is running and try again.',
  };
}

export interface ApiOptions {
  /** The bearer token, or null when nobody is signed in. */
  readonly token: () => string | null;
  /** Called when the API no longer accepts the token. */
  readonly onUnauthorized: () => void;
}

/** The client of the page's own service. Shows failures, with a button to try again. */
export function createApi({ token, onUnauthorized }: ApiOptions): Client {
  const client = createTenantryClient({
    baseUrl: location.origin,
    token: () => token() ?? undefined,
    retry: { retries: 0 },
  });
  client.interceptors.response.use((response, request) => {
    if (response.status === 401 && request.headers.has('authorization')) onUnauthorized();
    return response;
  });
  return client;
}
