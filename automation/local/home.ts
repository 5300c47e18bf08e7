/** The folder that holds everything of one local installation, and the lock on it. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { type Lock, tryLock } from '../toolchain/index.ts';

/** What `endpoints.json` tells programs that drive the installation from outside. */
export const endpointsSchema = z.object({
  api: z.string(),
  stripe: z.string(),
  /** Path of the kubeconfig. */
  kubeconfig: z.string(),
  /** Administrator's URL. */
  postgres: z.string(),
  /** Administrator's URL of the tenants' database. */
  tenantPostgres: z.string().optional(),
  issuer: z.string(),
  /** A token with the scope `operator`; null where the issuer is the user's own. */
  operatorToken: z.string().nullable(),
  /** How to reach the state of tenants' stacks. */
  engine: z
    .object({
      backendUrl: z.string(),
      secretsProvider: z.string(),
      /** Variables that the secrets provider needs. */
      variables: z.record(z.string(), z.string()),
    })
    .optional(),
});

export type Endpoints = z.infer<typeof endpointsSchema>;

/** Another supervisor uses this home. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

export interface Home {
  path: string;
  /** Folder inside the home; made when missing. */
  folder(name: string): Promise<string>;
  release(): void;
}

/** A supervisor that is asked to stop has stopped everything within this time. */
const stopPatienceMs = 20_000;

/**
 * Takes the home for this process, as long as it lives; waits for another process that is about to leave it.
 * @throws AlreadyRunning, with the other one's URL, when another process has it.
 */
export async function takeHome(path: string, log: (line: string) => void = () => {}): Promise<Home> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const deadline = Date.now() + stopPatienceMs;
  let lock: Lock | undefined;
  for (let tries = 0; ; tries += 1) {
    lock = await tryLock(join(path, 'lock'));
    if (lock) break;
    const endpoints = await readEndpoints(path);
    if (endpoints) throw new AlreadyRunning(`Tenantry already runs with ${path}: ${endpoints.api}`);
    if (Date.now() > deadline) throw new AlreadyRunning(`Tenantry is already starting with ${path}.`);
    if (tries === 1) log('waiting for another Tenantry that is starting or stopping in this home');
    await delay(100);
  }
  return {
    path,
    folder: async (name) => {
      const folder = join(path, name);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      return folder;
    },
    release: () => lock.release(),
  };
}

/** The endpoints of the installation that runs in this home; undefined when none does. */
export async function readEndpoints(home: string): Promise<Endpoints | undefined> {
  try {
    return endpointsSchema.parse(JSON.parse(await readFile(join(home, 'endpoints.json'), 'utf8')));
  } catch {
    return undefined;
  }
}

/** Writes `endpoints.json` (0600) in one step. */
export async function writeEndpoints(home: string, endpoints: Endpoints): Promise<void> {
  await replaceFile(join(home, 'endpoints.json'), JSON.stringify(endpoints, null, 2));
}

export async function removeEndpoints(home: string): Promise<void> {
  await rm(join(home, 'endpoints.json'), { force: true });
}

const stripeSecretsSchema = z.object({ secretKey: z.string(), webhookSecret: z.string() });

/** The simulator's key and signing secret; made once, then kept (0600). */
export async function keptStripeSecrets(home: string): Promise<z.infer<typeof stripeSecretsSchema>> {
  const file = join(home, 'stripe-secrets.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text !== undefined) return stripeSecretsSchema.parse(JSON.parse(text));
  const made = {
    secretKey: `sk_test_${randomBytes(24).toString('hex')}`,
    webhookSecret: `whsec_${randomBytes(24).toString('hex')}`,
  };
  await replaceFile(file, JSON.stringify(made));
  return made;
}

async function replaceFile(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, `${content}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
