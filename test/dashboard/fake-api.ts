import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { OAuth2Server } from 'oauth2-mock-server';
import type { Entry, ProblemDetails, Subscription, Tenant } from '../../api/dashboard/src/types.ts';
import { catalog, findProduct, namespaceFor } from '../../tenants/catalog/index.ts';
import { activeTenant, productAnswer, tenantOutputs } from './fake-tenant.ts';

/**
 * The service's contract without the service: only for states of the page that are hard to reach with the real one
 * (failures, ends of sessions, broken connections). `page.test.ts` tests what a payment really does.
 */
export interface FakeApi {
  readonly url: string;
  readonly issuer: string;
  /** Adds a tenant; missing fields are those of an active one. */
  put(tenant: Partial<Tenant> & { id: string }, entries?: readonly Entry[]): Tenant;
  /** Adds an entry to a tenant's trail and notifies its listeners. */
  say(id: string, kind: string, message: string, change?: Partial<Tenant>): void;
  /** Answers the next request whose path starts with this with this problem. */
  failNext(pathPrefix: string, problem: ProblemDetails): void;
  /** Why checkouts paid from now on lead to no tenant. */
  refuseToSetUp(reason: NonNullable<Tenant['reason']>): void;
  /** Ends all event streams, as a restart of the service would. */
  dropStreams(): void;
  /** Last-Event-ID of every opened stream, in order. */
  readonly streamsOpenedAfter: readonly number[];
  stop(): Promise<void>;
}

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

interface Options {
  /** Folder of the built page. */
  readonly dist: string;
  /** How long provisioning takes, from payment to active. */
  readonly provisioningMs?: number;
}

export async function startFakeApi({ dist, provisioningMs = 600 }: Options): Promise<FakeApi> {
  const issuer = new OAuth2Server();
  await issuer.issuer.keys.generate('RS256');
  await issuer.start(0, '127.0.0.1');
  const issuerUrl = issuer.issuer.url ?? '';
  issuer.service.on('beforeTokenSigning', (token: { payload: Record<string, unknown> }) => {
    token.payload.email = 'ada@example.com';
  });

  const tenants = new Map<string, { tenant: Tenant; entries: Entry[] }>();
  const checkouts = new Map<
    string,
    { product: string; plan: string; slug: string; success: string; cancel: string; tenant: string | null }
  >();
  const listeners = new Set<(id: string, event: string, data: Entry | Tenant) => void>();
  const streams = new Set<() => void>();
  const failures: { pathPrefix: string; problem: ProblemDetails }[] = [];
  const timers = new Set<NodeJS.Timeout>();
  const streamsOpenedAfter: number[] = [];
  let refusal: Tenant['reason'] = null;
  let nextEntry = 1;

  function put(part: Partial<Tenant> & { id: string }, entries: readonly Entry[] = []): Tenant {
    const tenant: Tenant = { ...activeTenant(part.id, part.plan ?? 'professional'), ...part };
    tenants.set(part.id, { tenant, entries: [...entries] });
    nextEntry = Math.max(nextEntry, ...entries.map(({ id }) => id + 1));
    return tenant;
  }

  function say(id: string, kind: string, message: string, change: Partial<Tenant> = {}): void {
    const held = tenants.get(id);
    if (held === undefined) throw new Error(`no tenant ${id}`);
    const entry: Entry = { id: nextEntry++, at: new Date().toISOString(), kind, message, data: {} };
    held.entries.push(entry);
    held.tenant = { ...held.tenant, ...change };
    for (const listener of listeners) {
      listener(id, kind, entry);
      if (Object.keys(change).length > 0) listener(id, 'tenant', held.tenant);
    }
  }

  function later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      act();
    }, ms);
    timers.add(timer);
  }

  function provision(id: string): void {
    const steps: [share: number, kind: string, message: string, change?: Partial<Tenant>][] = [
      [0, 'event.received', 'Stripe reported checkout.session.completed'],
      [0.05, 'subscription.status', 'Subscription is active'],
      [0.08, 'tenant.created', 'Tenant requested'],
      [0.14, 'lease.taken', 'A worker has taken the tenant', { phase: 'provisioning' }],
      [0.2, 'operation.started', 'Engine started'],
      [0.95, 'operation.succeeded', 'Resources: 17 created'],
      [
        1,
        'tenant.active',
        'The tenant is active',
        { phase: 'active', observed: { generation: 1, plan: tenants.get(id)?.tenant.plan ?? null } },
      ],
    ];
    for (const [share, kind, message, change] of steps) {
      later(share * provisioningMs, () => {
        const active = kind === 'tenant.active';
        const namespace = tenants.get(id)?.tenant.namespace ?? '';
        say(id, kind, message, {
          ...change,
          ...(active ? { activeAt: new Date().toISOString(), outputs: tenantOutputs(namespace, id) } : {}),
        });
      });
    }
  }

  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header('content-security-policy', `default-src 'self'; connect-src 'self' ${issuerUrl}`);
  });
  app.use('/v1/*', async (context, next) => {
    const path = context.req.path;
    const index = failures.findIndex(({ pathPrefix }) => path.startsWith(pathPrefix));
    const [failure] = index < 0 ? [] : failures.splice(index, 1);
    if (failure) return problem(failure.problem);
    const open = path === '/v1/config' || path === '/v1/products';
    if (!open && !context.req.header('authorization')?.startsWith('Bearer ')) {
      return problem({ title: 'Not signed in', status: 401, code: 'unauthenticated' });
    }
    await next();
  });

  app.get('/v1/config', (context) =>
    context.json({
      issuer: issuerUrl,
      clientId: 'tenantry-dashboard',
      audience: 'tenantry',
      scope: 'openid profile email tenant',
      local: true,
      parts: {},
    }),
  );
  app.get('/v1/products', (context) => context.json({ products: catalog.map(productAnswer) }));

  app.post('/v1/checkout', async (context) => {
    const body = await context.req.json<{
      product: string;
      plan: string;
      slug?: string;
      successUrl: string;
      cancelUrl: string;
    }>();
    const id = `cs_test_${checkouts.size + 1}`;
    const checkout = {
      product: body.product,
      plan: body.plan,
      slug: body.slug ?? 'unnamed',
      success: body.successUrl,
      cancel: body.cancelUrl,
      tenant: null,
    };
    checkouts.set(id, checkout);
    return context.json({ id, url: `${new URL(context.req.url).origin}/pay/${id}`, tenantId: null }, 201);
  });
  app.get('/pay/:id', (context) => {
    const cancel = checkouts.get(context.req.param('id'))?.cancel ?? '/';
    return context.html(
      `<h1>Pay</h1><form method="post"><button>Pay</button></form><a href="${cancel.replaceAll('"', '')}">Back</a>`,
    );
  });
  app.post('/pay/:id', (context) => {
    const session = context.req.param('id');
    const checkout = checkouts.get(session);
    const product = findProduct(checkout?.product ?? '');
    if (checkout === undefined || product === undefined) return context.notFound();
    const done = () => context.redirect(checkout.success.replace('{CHECKOUT_SESSION_ID}', session), 303);
    if (refusal !== null) return done();
    const id = `t${String(tenants.size + 1).padStart(7, '0')}`;
    checkout.tenant = id;
    put({
      id,
      product: product.id,
      plan: checkout.plan,
      slug: checkout.slug,
      namespace: namespaceFor(product, { tenantId: id, slug: checkout.slug }),
      phase: 'pending',
      observed: { generation: 0, plan: null },
      outputs: null,
      activeAt: null,
      createdAt: new Date().toISOString(),
      requestedAt: new Date().toISOString(),
    });
    provision(id);
    return done();
  });

  app.get('/v1/tenants', (context) => {
    const checkout = context.req.query('checkout');
    const wanted = checkout === undefined ? null : (checkouts.get(checkout)?.tenant ?? '');
    const all = [...tenants.values()].map(({ tenant }) => tenant);
    return context.json({
      tenants: wanted === null ? all : all.filter(({ id }) => id === wanted),
      nextCursor: null,
      ...(wanted === '' && refusal !== null && { reason: refusal }),
    });
  });
  app.get('/v1/tenants/:id', (context) => {
    const held = tenants.get(context.req.param('id'));
    return held ? context.json(held.tenant) : noTenant();
  });
  app.get('/v1/subscriptions/:id', (context) => {
    const id = context.req.param('id');
    const held = [...tenants.values()].find(({ tenant }) => tenant.subscription?.id === id)?.tenant;
    if (!held?.subscription) return noTenant();
    const { product, plan, subscription } = held;
    const known: Subscription = {
      ...subscription,
      product,
      plan,
      seats: 1,
      pastDueSince: null,
      graceEndsAt: null,
      organization: null,
      role: 'admin',
      tenant: held.id,
      createdAt: held.createdAt,
    };
    return context.json(known);
  });
  app.get('/v1/invoices', (context) => context.json({ invoices: [], nextCursor: null }));
  app.get('/v1/tenants/:id/timeline', (context) => {
    const held = tenants.get(context.req.param('id'));
    return held ? context.json({ entries: held.entries }) : noTenant();
  });
  app.post('/v1/tenants/:id/retry', (context) => {
    const id = context.req.param('id');
    say(id, 'retry.requested', 'A retry was asked for', {
      phase: 'provisioning',
      reason: null,
      nextTryAt: null,
    });
    return context.json(tenants.get(id)?.tenant, 202);
  });
  app.get('/v1/tenants/:id/events', (context) => {
    const id = context.req.param('id');
    const held = tenants.get(id);
    if (held === undefined) return noTenant();
    const after = Number(context.req.header('last-event-id') ?? 0);
    streamsOpenedAfter.push(after);
    return streamSSE(context, async (stream) => {
      const listener = (about: string, event: string, data: Entry | Tenant) => {
        if (about !== id) return;
        const number = 'kind' in data ? { id: String(data.id) } : {};
        void stream.writeSSE({ event, data: JSON.stringify(data), ...number });
      };
      await new Promise<void>((resolve) => {
        const end = () => {
          listeners.delete(listener);
          streams.delete(end);
          resolve();
        };
        streams.add(end);
        stream.onAbort(end);
        for (const entry of held.entries.filter((entry) => entry.id > after)) listener(id, entry.kind, entry);
        listener(id, 'tenant', held.tenant);
        listeners.add(listener);
      });
    });
  });

  app.get('*', async (context) => {
    const asked = normalize(context.req.path);
    const file = join(dist, asked === '/' ? 'index.html' : asked);
    const body = await readFile(file).catch(() => null);
    if (body === null) return context.notFound();
    return context.body(body, 200, {
      'content-type': contentTypes[extname(file)] ?? 'application/octet-stream',
    });
  });

  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;

  const dropStreams = () => {
    for (const end of [...streams]) end();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    issuer: issuerUrl,
    put,
    say,
    refuseToSetUp(reason) {
      refusal = reason;
    },
    failNext: (pathPrefix, failure) => failures.push({ pathPrefix, problem: failure }),
    dropStreams,
    streamsOpenedAfter,
    async stop() {
      for (const timer of timers) clearTimeout(timer);
      dropStreams();
      if ('closeAllConnections' in server) server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await issuer.stop();
    },
  };
}

function problem(details: ProblemDetails): Response {
  return new Response(JSON.stringify(details), {
    status: details.status,
    headers: { 'content-type': 'application/problem+json' },
  });
}

function noTenant(): Response {
  return problem({
    title: 'No such tenant',
    status: 404,
    detail: 'It does not exist, or is not yours.',
    code: 'not-found',
  });
}
