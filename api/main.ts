/** The API: Stripe's webhooks, the tenants' HTTP interface, the web page. Run at least as many as there are zones. */
import pino from 'pino';
import { warnOfUnknownVariables } from '../automation/environment/index.ts';
import { loadServices, readServicePackages } from '../automation/packages/index.ts';
import { services as own } from '../services/index.ts';
import { ensurePage } from './dashboard/build.ts';
import { readApiEnv } from './env.ts';
import { startApi } from './start-api.ts';

const env = readApiEnv();
const log = pino({ level: env.logLevel, base: { process: 'api' } });
warnOfUnknownVariables((line) => log.warn(line));
const services = await loadServices({ own, packages: readServicePackages() });
const [api] = await Promise.all([
  startApi(env, log, services),
  // The API works without its page.
  ensurePage().catch((error: unknown) => log.error({ error }, 'cannot build the web page')),
]);
log.info({ url: api.url }, 'the API is listening');

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, async () => {
    if (stopping) return;
    stopping = true;
    await api.stop();
    process.exit(0);
  });
}
