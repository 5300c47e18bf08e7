/** What must hold of a service that was just deployed, asked from outside and without any right. */
import { catalog } from '../../tenants/catalog/index.ts';

export interface Check {
  readonly name: string;
  readonly path: string;
  readonly method?: 'POST';
  readonly status: number;
  /** What is wrong with the body; undefined when nothing is. */
  readonly body?: (text: string) => string | undefined;
}

export const checks: readonly Check[] = [
  { name: 'the service is alive', path: 'healthz', status: 200 },
  { name: 'a subscription would become a tenant', path: 'readyz', status: 200 },
  { name: 'every product is on sale', path: 'v1/products', status: 200, body: missingProducts },
  { name: 'nobody sees tenants without a token', path: 'v1/tenants', status: 401 },
  { name: 'no event without a signature is taken', path: 'webhooks/stripe', method: 'POST', status: 400 },
];

const requestTimeoutMs = 10_000;

/** What does not hold, in words; empty when the service is as it should be. */
export async function failuresOf(url: string): Promise<string[]> {
  const base = url.endsWith('/') ? url : `${url}/`;
  const results = await Promise.all(checks.map((check) => failureOf(base, check)));
  return results.filter((failure) => failure !== undefined);
}

async function failureOf(base: string, check: Check): Promise<string | undefined> {
  try {
    const answer = await fetch(new URL(check.path, base), {
      method: check.method ?? 'GET',
      redirect: 'manual',
      signal: AbortSignal.timeout(requestTimeoutMs),
      ...(check.method === 'POST' && { body: '{}', headers: { 'content-type': 'application/json' } }),
    });
    const text = await answer.text();
    if (answer.status !== check.status) {
      return `${check.name}: ${check.path} answered ${answer.status}, not ${check.status}: ${text.slice(0, 300)}`;
    }
    const wrong = check.body?.(text);
    return wrong === undefined ? undefined : `${check.name}: ${wrong}`;
  } catch (error) {
    return `${check.name}: ${check.path}: ${error instanceof Error ? error.message : error}`;
  }
}

function missingProducts(text: string): string | undefined {
  const missing = catalog.filter(({ id }) => !text.includes(`"${id}"`)).map(({ id }) => id);
  return missing.length > 0 ? `not on sale: ${missing.join(', ')}` : undefined;
}

export interface Watch {
  /** A deployment may take so long until it answers. */
  readonly patienceMs: number;
  /** Once it has, it must go on for so long. */
  readonly watchMs: number;
  readonly everyMs: number;
  readonly say: (line: string) => void;
}

/**
 * Watches a service: waits until all holds, then sees that it goes on. One bad round may be an accident of the
 * network; two in a row are not.
 * @returns what does not hold, empty when the service has stood the watch
 */
export async function watch(url: string, { patienceMs, watchMs, everyMs, say }: Watch): Promise<string[]> {
  const begun = Date.now();
  let firstGood: number | undefined;
  let badBefore = false;
  for (;;) {
    const failures = await failuresOf(url);
    const now = Date.now();
    for (const failure of failures) say(failure);
    if (failures.length === 0) {
      if (firstGood === undefined) say(`all holds after ${Math.round((now - begun) / 1000)} s`);
      firstGood ??= now;
      badBefore = false;
      if (now - firstGood >= watchMs) return [];
    } else {
      const isOver = firstGood === undefined ? now - begun >= patienceMs : badBefore;
      if (isOver) return failures;
      badBefore = true;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
