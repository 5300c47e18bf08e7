import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { ClusterAccess, ExecPlugin } from './kubeconfig.ts';

/** The credentials of a request. */
export interface Credentials {
  readonly authorization: string | null;
  readonly clientCertificate: Buffer | null;
  readonly clientKey: Buffer | null;
}

/** Renews a plugin's credential this long before it expires. */
const renewBeforeMs = 60_000;
const tokenFileTtlMs = 60_000;
const pluginTimeoutMs = 60_000;

const execCredential = z.looseObject({
  status: z.looseObject({
    expirationTimestamp: z.string().optional(),
    token: z.string().optional(),
    clientCertificateData: z.string().optional(),
    clientKeyData: z.string().optional(),
  }),
});

/** Yields the credentials of a kubeconfig user, running its credential plugin at most once per validity. */
export class CredentialSource {
  readonly #access: ClusterAccess;
  readonly #environment: NodeJS.ProcessEnv;
  #current: { credentials: Promise<Credentials>; renewAt: number } | null = null;

  constructor(access: ClusterAccess, environment: NodeJS.ProcessEnv) {
    this.#access = access;
    this.#environment = environment;
  }

  get(): Promise<Credentials> {
    if (this.#current && Date.now() < this.#current.renewAt) return this.#current.credentials;
    const entry = { credentials: Promise.resolve() as unknown as Promise<Credentials>, renewAt: Infinity };
    entry.credentials = this.#load((renewAt) => {
      entry.renewAt = renewAt;
    });
    entry.credentials.catch(() => this.#forget(entry));
    this.#current = entry;
    return entry.credentials;
  }

  /** After a 401: the next request asks the plugin or the file again. Returns whether that can help. */
  expire(): boolean {
    const { exec, tokenFile } = this.#access.user;
    this.#current = null;
    return exec !== null || tokenFile !== null;
  }

  #forget(entry: object): void {
    if (this.#current === entry) this.#current = null;
  }

  async #load(renewAt: (time: number) => void): Promise<Credentials> {
    const { user } = this.#access;
    const fixed = { clientCertificate: user.clientCertificate, clientKey: user.clientKey };
    if (user.exec) return runPlugin(user.exec, this.#access, this.#environment, renewAt);
    if (user.tokenFile) {
      renewAt(Date.now() + tokenFileTtlMs);
      return { ...fixed, authorization: `Bearer ${(await readFile(user.tokenFile, 'utf8')).trim()}` };
    }
    if (user.token) return { ...fixed, authorization: `Bearer ${user.token}` };
    if (user.basic) {
      const { username, password } = user.basic;
      return {
        ...fixed,
        authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      };
    }
    return { ...fixed, authorization: null };
  }
}

async function runPlugin(
  plugin: ExecPlugin,
  access: ClusterAccess,
  environment: NodeJS.ProcessEnv,
  renewAt: (time: number) => void,
): Promise<Credentials> {
  const info = {
    apiVersion: plugin.apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(plugin.provideClusterInfo && {
        cluster: {
          server: access.server.href,
          ...(access.ca && { 'certificate-authority-data': access.ca.toString('base64') }),
          ...(access.insecureSkipTlsVerify && { 'insecure-skip-tls-verify': true }),
        },
      }),
    },
  };
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      plugin.command,
      [...plugin.args],
      {
        env: { ...environment, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
        timeout: pluginTimeoutMs,
        maxBuffer: 1024 * 1024,
      },
      (error, stdout, stderr) => {
        // The message of execFile repeats the arguments, which may hold secrets.
        if (!error) resolve(stdout);
        else
          reject(new Error(`The credential plugin ${plugin.command} failed: ${stderr.trim() || error.code}`));
      },
    );
  });
  const parsed = execCredential.safeParse(parseJson(output));
  if (!parsed.success) {
    throw new Error(`The credential plugin ${plugin.command} did not answer with an ExecCredential`);
  }
  const { status } = parsed.data;
  const expiry = status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : Number.NaN;
  if (!Number.isNaN(expiry)) renewAt(Math.max(expiry - renewBeforeMs, Date.now() + 1000));
  return {
    authorization: status.token ? `Bearer ${status.token}` : null,
    clientCertificate: status.clientCertificateData ? Buffer.from(status.clientCertificateData) : null,
    clientKey: status.clientKeyData ? Buffer.from(status.clientKeyData) : null,
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
