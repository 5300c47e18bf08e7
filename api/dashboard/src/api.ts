import { EventSourceParserStream } from 'eventsource-parser/stream';
import type {
  ChangePreview,
  Checkout,
  CheckoutRequest,
  Config,
  Entry,
  Figures,
  Invoice,
  Overview,
  ProblemDetails,
  Product,
  Subscription,
  Tenant,
  TenantList,
} from './types.ts';

/** A request that did not do what it was asked to; `details` is what the page shows. */
export class ApiProblem extends Error {
  readonly details: ProblemDetails;
  constructor(details: ProblemDetails) {
    super(details.detail ?? details.title);
    this.name = 'ApiProblem';
    this.details = details;
  }
}

/** Turns whatever was thrown into something that can be shown. */
export function toProblem(error: unknown): ProblemDetails {
  if (error instanceof ApiProblem) return error.details;
  const detail = error instanceof Error ? error.message : String(error);
  return { title: 'Something went wrong on this page', status: 0, detail, code: 'page-error' };
}

export interface TenantStreamListener {
  /** Called when the server accepted the stream, at the first time and after each reconnection. */
  onOpen(): void;
  onEntry(entry: Entry): void;
  onTenant(tenant: Tenant): void;
  /** Called at every sign of life, also those that carry nothing. */
  onAlive(): void;
}

export interface PlanWish {
  readonly plan: string;
  readonly seats?: number;
}

export interface Api {
  config(): Promise<Config>;
  products(): Promise<readonly Product[]>;
  checkout(request: CheckoutRequest): Promise<Checkout>;
  tenants(query: Readonly<Record<string, string>>): Promise<TenantList>;
  tenant(id: string): Promise<Tenant>;
  timeline(id: string): Promise<readonly Entry[]>;
  retry(id: string): Promise<Tenant>;
  /** For operators. */
  figures(query: Readonly<Record<string, string>>): Promise<Figures>;
  overview(): Promise<Overview>;
  subscription(id: string): Promise<Subscription>;
  previewChange(id: string, wish: PlanWish): Promise<ChangePreview>;
  changePlan(id: string, wish: PlanWish & { prorationDate: number }): Promise<Subscription>;
  cancel(id: string, when: 'period_end' | 'now'): Promise<Subscription>;
  reactivate(id: string): Promise<Subscription>;
  invoices(
    query: Readonly<Record<string, string>>,
  ): Promise<{ invoices: Invoice[]; nextCursor: string | null }>;
  payInvoice(id: string): Promise<Invoice>;
  portal(request: { subscription: string; returnUrl: string; flow?: string }): Promise<{ url: string }>;
  /** Reads a tenant's events until the connection ends (resolves) or breaks (rejects). */
  streamTenant(
    id: string,
    afterEntry: number,
    listener: TenantStreamListener,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface ApiOptions {
  /** The bearer token, or null when nobody is signed in. */
  readonly token: () => string | null;
  /** Called when the API no longer accepts the token it was sent. */
  readonly onUnauthorized: () => void;
}

export function createApi({ token, onUnauthorized }: ApiOptions): Api {
  async function send(path: string, init: RequestInit = {}): Promise<Response> {
    const sent = token();
    const headers = new Headers(init.headers);
    if (!headers.has('accept')) headers.set('accept', 'application/json');
    if (sent !== null) headers.set('authorization', `Bearer ${sent}`);
    const response = await fetch(path, { ...init, headers }).catch((error: unknown) => {
      if (init.signal?.aborted) throw error;
      throw new ApiProblem({
        title: 'Tenantry cannot be reached',
        status: 0,
        detail: 'The service did not answer. Check that it is running and try again.',
        code: 'unreachable',
      });
    });
    if (response.ok) return response;
    if (response.status === 401 && sent !== null) onUnauthorized();
    throw new ApiProblem(await readProblem(response));
  }

  async function get<T>(path: string): Promise<T> {
    return readJson<T>(await send(path));
  }

  async function post<T>(path: string, body?: unknown): Promise<T> {
    const init: RequestInit =
      body === undefined
        ? { method: 'POST' }
        : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    return readJson<T>(await send(path, init));
  }

  const tenantPath = (id: string) => `/v1/tenants/${encodeURIComponent(id)}`;
  const subscriptionPath = (id: string) => `/v1/subscriptions/${encodeURIComponent(id)}`;

  return {
    config: () => get('/v1/config'),
    products: async () => (await get<{ products: Product[] }>('/v1/products')).products,
    checkout: (request) => post('/v1/checkout', request),
    tenants: (query) => get(`/v1/tenants?${new URLSearchParams(query)}`),
    tenant: (id) => get(tenantPath(id)),
    timeline: async (id) => (await get<{ entries: Entry[] }>(`${tenantPath(id)}/timeline`)).entries,
    retry: (id) => post(`${tenantPath(id)}/retry`),
    figures: (query) => get(`/v1/figures?${new URLSearchParams(query)}`),
    overview: () => get('/v1/figures/overview'),
    subscription: (id) => get(subscriptionPath(id)),
    previewChange: (id, wish) => post(`${subscriptionPath(id)}/preview`, wish),
    changePlan: (id, wish) => post(`${subscriptionPath(id)}/change`, wish),
    cancel: (id, when) => post(`${subscriptionPath(id)}/cancel`, { when }),
    reactivate: (id) => post(`${subscriptionPath(id)}/reactivate`),
    invoices: (query) => get(`/v1/invoices?${new URLSearchParams(query)}`),
    payInvoice: (id) => post(`/v1/invoices/${encodeURIComponent(id)}/pay`),
    portal: (request) => post('/v1/portal', request),

    async streamTenant(id, afterEntry, listener, signal) {
      const response = await send(`${tenantPath(id)}/events`, {
        signal,
        headers: { accept: 'text/event-stream', 'last-event-id': String(afterEntry) },
      });
      if (response.body === null) return;
      listener.onOpen();
      const events = response.body
        .pipeThrough(new TextDecoderStream())
        .pipeThrough(new EventSourceParserStream({ onComment: () => listener.onAlive() }));
      const reader = events.getReader();
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        listener.onAlive();
        const value: unknown = JSON.parse(next.value.data || 'null');
        if (next.value.event === 'tenant' && isTenant(value)) listener.onTenant(value);
        else if (isEntry(value)) listener.onEntry(value);
      }
    },
  };
}

async function readJson<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new ApiProblem({
      title: 'The answer could not be read',
      status: response.status,
      detail: `${new URL(response.url).pathname} did not answer with JSON.`,
      code: 'bad-answer',
    });
  }
}

/** A proxy in front of the service may answer in HTML; then the status has to do. */
async function readProblem(response: Response): Promise<ProblemDetails> {
  const fallback = { title: response.statusText || 'The request failed', status: response.status };
  const body: unknown = await response.json().catch(() => null);
  if (typeof body !== 'object' || body === null) return fallback;
  return { ...fallback, ...body, status: response.status };
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === 'object' &&
    value !== null &&
    'id' in value &&
    typeof value.id === 'number' &&
    'at' in value
  );
}

function isTenant(value: unknown): value is Tenant {
  return typeof value === 'object' && value !== null && 'phase' in value && 'namespace' in value;
}
