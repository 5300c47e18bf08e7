import pino from 'pino';
import { createApp } from './app.ts';
import type { ApiDeps } from './deps.ts';
import { openApiInfo } from './docs.ts';
import { createMetrics } from './metrics.ts';

/** Makes the document of `/openapi.json` without an installation. */
export function describeApi() {
  return createApp(withoutInstallation()).getOpenAPI31Document(openApiInfo);
}

/** Nothing calls the routes, so dependencies that only answers need are left out. */
function withoutInstallation(): ApiDeps {
  const absent: Partial<ApiDeps> = {
    metrics: createMetrics({ query: () => Promise.reject(new Error('there is no database here')) }),
    pageConfig: {
      issuer: 'http://127.0.0.1',
      clientId: 'tenantry',
      audience: 'tenantry',
      scope: 'openid',
      local: true,
      parts: {},
    },
    pageConfigs: new Map(),
    services: [],
    log: pino({ level: 'silent' }),
  };
  return absent as ApiDeps;
}
