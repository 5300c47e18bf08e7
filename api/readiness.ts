import type Stripe from 'stripe';
import { rehearseReceiving } from '../automation/billing/events/index.ts';
import type { Database } from '../automation/store/database.ts';
import { presenceOfWorkers } from '../automation/store/presence.ts';
import { catalog, planLookupKey } from '../tenants/catalog/index.ts';

export interface ReadinessDeps {
  readonly database: Database;
  readonly stripe: Stripe;
  readonly issuer: string;
  readonly cell: string;
  /** What an operator should change although everything works. */
  readonly warnings: readonly string[];
}

export interface Readiness {
  readonly ready: boolean;
  /** Everything that a subscription needs: `ok`, or what is wrong with it. */
  readonly checks: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/** Answers of Stripe and the issuer are cached for this long, so that probes do not load them. */
const believeMs = 10_000;

export const readinessChecks = ['database', 'worker', 'stripe', 'issuer'] as const;
export type ReadinessCheck = (typeof readinessChecks)[number];

/** Runs all checks but the excluded ones. */
export type AskReadiness = (exclude?: readonly ReadinessCheck[]) => Promise<Readiness>;

/** Checks whether a subscription would become a tenant now. */
export function createReadiness({ database, stripe, issuer, cell, warnings }: ReadinessDeps): AskReadiness {
  const checks: Record<ReadinessCheck, () => Promise<void>> = {
    // It writes, and anybody may ask.
    database: believed(1_000, () =>
      rehearseReceiving(database).catch((error: Error) => {
        throw new Error(`events cannot be stored: ${error.message}`, { cause: error });
      }),
    ),
    worker: async () => {
      const presence = await presenceOfWorkers(database, cell);
      if (presence === null) throw new Error(`no worker of the cell ${cell} is at work`);
      if (presence === 'without cluster')
        throw new Error(`the cluster of the cell ${cell} does not answer its workers`);
    },
    stripe: believed(believeMs, async () => {
      const key = firstPriceKey();
      const { data } = await stripe.prices.list({ lookup_keys: [key], limit: 1 });
      if (data.length === 0) throw new Error(`Stripe has no price with the lookup key ${key}`);
    }),
    issuer: believed(believeMs, async () => {
      const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
      const answer = await fetch(url, { signal: AbortSignal.timeout(3000) });
      if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
    }),
  };
  return async (exclude = []) => {
    const asked = readinessChecks.filter((name) => !exclude.includes(name));
    const results = await Promise.all(
      asked.map(async (name) => {
        try {
          await checks[name]();
          return [name, 'ok'] as const;
        } catch (error) {
          return [name, error instanceof Error ? error.message : String(error)] as const;
        }
      }),
    );
    return {
      ready: results.every(([, result]) => result === 'ok'),
      checks: Object.fromEntries(results),
      warnings,
    };
  };
}

function firstPriceKey(): string {
  for (const product of catalog) {
    const plan = product.plans.find(({ price }) => price.kind !== 'custom');
    if (plan) return planLookupKey(product.id, plan.id);
  }
  throw new Error('the catalog sells nothing');
}

/** Shares a check among those who ask meanwhile, and caches a success for a while; checks again after a failure. */
function believed(forMs: number, check: () => Promise<void>): () => Promise<void> {
  let until = 0;
  let running: Promise<void> | null = null;
  return async () => {
    if (performance.now() < until) return;
    running ??= check()
      .then(() => {
        until = performance.now() + forMs;
      })
      .finally(() => {
        running = null;
      });
    await running;
  };
}
