/** The folder that holds everything of one local installation, and the lock on it. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type Lock, tryLock } from '../toolchain/lock.ts';

/** What `endpoints.json` says to whoever drives the installation from outside. */
export const endpointsSchema = z.object({
  api: z.string(),
  stripe: z.string(),
  /** Path of the kubeconfig. */
  kubeconfig: z.string(),
  /** Administrator's URL. */
  postgres: z.string(),
  issuer: z.string(),
  /** A token with the scope `operator`; null where the issuer is not ours. */
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

/** Another supervisor has the same home. */
export class AlreadyRunning extends Error {
  override readonly name = 'AlreadyRunning';
}

export interface Home {
  path: string;
  /** Folder inside the home; made when missing. */
  folder(name: string): Promise<string>;
  release(): void;
}

/**
 * Takes the home for this process, for as long as it lives.
 * @throws AlreadyRunning, with the other one's URL, when another process has it.
 */
export async function takeHome(path: string): Promise<Home> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const lock: Lock | undefined = await tryLock(join(path, 'lock'));
  if (!lock) {
    const endpoints = await readEndpoints(path);
    throw new AlreadyRunning(
      endpoints
        ? `Tenantry already runs with ${path}: ${endpoints.api}`
        : `Tenantry is already starting or stopping with ${path}.`,
    );
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
