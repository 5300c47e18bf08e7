import { bodyLimit } from 'hono/body-limit';
import { secureHeaders } from 'hono/secure-headers';
import type { ApiDeps } from './deps.ts';
import { docsRoutes, openApiInfo } from './docs.ts';
import { errorHandler, Problem } from './errors.ts';
import { measureRequests } from './http-metrics.ts';
import { pageRoutes } from './page.ts';
import { createRouter } from './router.ts';
import { budgetRoutes } from './routes/budget.ts';
import { checkoutRoutes } from './routes/checkout.ts';
import { creditRoutes } from './routes/credits.ts';
import { entitlementRoutes } from './routes/entitlements.ts';
import { exportRoutes } from './routes/exports.ts';
import { figuresRoutes } from './routes/figures.ts';
import { findingRoutes } from './routes/findings.ts';
import { healthRoutes } from './routes/health.ts';
import { invoiceRoutes } from './routes/invoices.ts';
import { keyRoutes } from './routes/keys.ts';
import { notificationRoutes } from './routes/notifications.ts';
import { offboardingRoutes } from './routes/offboarding.ts';
import { onboardingRoutes } from './routes/onboarding.ts';
import { organizationRoutes } from './routes/organizations.ts';
import { portalRoutes } from './routes/portal.ts';
import { productRoutes } from './routes/products.ts';
import { subscriptionRoutes } from './routes/subscription.ts';
import { tenantRoutes } from './routes/tenant.ts';
import { tenantEventRoutes } from './routes/tenant-events.ts';
import { tenantListRoutes } from './routes/tenants.ts';
import { usageRoutes } from './routes/usage.ts';
import { usageEventRoutes } from './routes/usage-events.ts';
import { mountServices, partRoutes } from './services.ts';
import { stripeWebhook } from './stripe/webhook.ts';
import { unmatchedHandler } from './unmatched.ts';

const maxBodyBytes = 64 * 1024;

/** Puts the API together: every route, in the order of a tenant's life. */
export function createApp(deps: ApiDeps) {
  const app = createRouter();
  app.onError(errorHandler(deps.log));
  app.notFound(unmatchedHandler(app));
  app.use(measureRequests(deps.metrics.registry));
  app.use(async (c, next) => {
    c.set('guard', deps);
    await next();
  });
  app.use(
    secureHeaders({
      crossOriginResourcePolicy: 'same-origin',
      xFrameOptions: 'DENY',
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        connectSrc: [
          "'self'",
          ...[deps.pageConfig, ...deps.pageConfigs.values()].map(({ issuer }) => new URL(issuer).origin),
        ],
        // Swagger UI styles its elements by attribute and draws its icons from data URLs.
        styleSrc: ["'self'", "'unsafe-inline'"],
        imgSrc: ["'self'", 'data:'],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    }),
  );

  // Before the general limit, because these have their own.
  app.route('/', stripeWebhook(deps));
  app.route('/', usageEventRoutes(deps));
  app.use(
    bodyLimit({
      maxSize: maxBodyBytes,
      onError: () => {
        throw new Problem('payload_too_large', `A request body has at most ${maxBodyBytes} bytes.`);
      },
    }),
  );

  app.route('/', productRoutes());
  app.route('/', checkoutRoutes(deps));
  app.route('/', tenantListRoutes(deps));
  app.route('/', tenantEventRoutes(deps));
  app.route('/', tenantRoutes(deps));
  app.route('/', creditRoutes(deps));
  app.route('/', budgetRoutes(deps));
  app.route('/', entitlementRoutes(deps));
  app.route('/', usageRoutes(deps));
  app.route('/', findingRoutes(deps));
  app.route('/', subscriptionRoutes(deps));
  app.route('/', invoiceRoutes(deps));
  app.route('/', portalRoutes(deps));
  app.route('/', organizationRoutes(deps));
  app.route('/', keyRoutes(deps));

  app.route('/', figuresRoutes(deps));
  app.route('/', onboardingRoutes(deps));
  app.route('/', exportRoutes(deps));
  app.route('/', offboardingRoutes(deps));
  app.route('/', notificationRoutes(deps));

  app.route('/', healthRoutes(deps));
  mountServices(app, deps);
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  app.doc31('/openapi.json', openApiInfo);
  app.route('/', docsRoutes());
  app.route('/', partRoutes(deps));
  app.route('/', pageRoutes(deps));
  return app;
}
