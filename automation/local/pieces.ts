/**
 * The pieces that an installation consists of (database, cluster, payments, identity, keys): the user's own where a
 * variable names one, else the embedded one.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { catalog } from '../../tenants/catalog/index.ts';
import { promotions } from '../../tenants/catalog/promotions.ts';
import type { ToolName } from '../toolchain/index.ts';
import { settleAll } from '../work/index.ts';
import { type Databases, startDatabases } from './databases.ts';
import type { LocalEnv } from './env.ts';
import { type Home, keptStripeSecrets } from './home.ts';
import { startIssuer, type TokenClaims } from './issuer.ts';
import { startKeyService } from './keys.ts';
import { clusterTools, startKubernetes } from './kubernetes.ts';

export interface Pieces {
  databases: Databases;
  kubeconfig: string;
  stripe: {
    secretKey: string;
    webhookSecret: string;
    apiBase: string | undefined;
    /** Lets the simulator deliver to another address; absent when it is Stripe itself. */
    deliverTo?: (webhookUrl: string) => void;
  };
  issuer: { url: string; sign: ((claims: TokenClaims) => Promise<string>) | undefined };
  pulumiBackendUrl: string;
  /** Secrets provider and the variables that it needs. */
  secrets: { provider: string; variables: Record<string, string> };
}

export interface PiecesContext {
  env: LocalEnv;
  home: Home;
  /** Kept loopback port of each embedded piece. */
  ports: Record<PieceName, number>;
  /** Where the simulator delivers events. */
  webhookUrl: string;
  tools: (names: readonly ToolName[]) => Promise<Record<string, string>>;
  log: (line: string) => void;
  /** Called with each piece's stop function as soon as the piece has begun. */
  onStarted: (stop: () => Promise<void>) => void;
}

export const pieceNames = ['postgres', 'postgres-tenants', 'kubernetes', 'stripe', 'issuer', 'keys'] as const;
export type PieceName = (typeof pieceNames)[number];

/** Starts every embedded piece at once; rejects with the first failure after all have settled. */
export async function startPieces(context: PiecesContext): Promise<Pieces> {
  const [databases, kubeconfig, stripe, issuer, pulumiBackendUrl, secrets] = await settleAll([
    startDatabases(context),
    cluster(context),
    payments(context),
    identity(context),
    backend(context),
    keys(context),
  ]);
  return { databases, kubeconfig, stripe, issuer, pulumiBackendUrl, secrets };
}

async function cluster({ env, home, ports, log, onStarted, tools }: PiecesContext): Promise<string> {
  if (env.own.kubeconfig !== undefined) return env.own.kubeconfig;
  const paths = await tools(clusterTools);
  const kubernetes = await startKubernetes({
    dataDir: await home.folder('kubernetes'),
    tools: paths as Record<(typeof clusterTools)[number], string>,
    port: ports.kubernetes,
    runDir: await home.folder('run'),
    givesWay: true,
    log,
  });
  onStarted(kubernetes.stop);
  return kubernetes.kubeconfigPath;
}

async function payments({
  env,
  home,
  ports,
  webhookUrl,
  log,
  onStarted,
}: PiecesContext): Promise<Pieces['stripe']> {
  const { secretKey, webhookSecret } = await keptStripeSecrets(home.path);
  if (env.own.stripe !== undefined) {
    const { webhookSecret: own, ...stripe } = env.own.stripe;
    // Nobody else knows this secret, so no event is accepted: only the sweep finds changes.
    if (own === undefined) log(withoutWebhooks(webhookUrl));
    return { ...stripe, webhookSecret: own ?? webhookSecret };
  }
  const { startStripeSimulator } = await import('./stripe/index.ts');
  const simulator = await startStripeSimulator({
    catalog,
    promotions,
    dataFile: join(await home.folder('stripe'), 'stripe.db'),
    port: ports.stripe,
    secretKey,
    webhookSecret,
    webhookUrl,
    log,
  });
  onStarted(simulator.stop);
  return {
    secretKey,
    webhookSecret,
    apiBase: simulator.url,
    deliverTo: (url) => simulator.setDestinations([{ url, secret: webhookSecret, form: 'snapshot' }]),
  };
}

function withoutWebhooks(webhookUrl: string): string {
  return [
    'without STRIPE_WEBHOOK_SECRET the API accepts no Stripe events, and only the sweep finds a payment, within a minute:',
    '`stripe listen --print-secret` shows a secret,',
    `\`stripe listen --forward-to ${webhookUrl}\` brings the events`,
  ].join(' ');
}

async function identity({ env, home, ports, onStarted }: PiecesContext): Promise<Pieces['issuer']> {
  if (env.own.oidcIssuer !== undefined) return { url: env.own.oidcIssuer, sign: undefined };
  const issuer = await startIssuer({
    dataDir: await home.folder('issuer'),
    port: ports.issuer,
    audience: env.oidcAudience,
  });
  onStarted(issuer.stop);
  return { url: issuer.issuerUrl, sign: issuer.sign };
}

async function backend({ env, home }: PiecesContext): Promise<string> {
  if (env.own.pulumiBackendUrl !== undefined) return env.own.pulumiBackendUrl;
  const folder = join(home.path, 'state');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return `file://${folder}`;
}

async function keys({ env, home, ports, onStarted }: PiecesContext): Promise<Pieces['secrets']> {
  if (env.own.secretsProvider !== undefined) return { provider: env.own.secretsProvider, variables: {} };
  const service = await startKeyService({
    keyFile: join(await home.folder('keys'), 'transit.json'),
    port: ports.keys,
  });
  onStarted(service.stop);
  return {
    provider: 'hashivault://tenantry',
    variables: { VAULT_ADDR: service.address, VAULT_TOKEN: service.token },
  };
}
