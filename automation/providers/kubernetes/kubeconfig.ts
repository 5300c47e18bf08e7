import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';

/** How to reach and authenticate to one cluster: the selected context of a kubeconfig, files read. */
export interface ClusterAccess {
  readonly server: URL;
  readonly ca: Buffer | null;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName: string | null;
  readonly namespace: string;
  readonly user: UserAccess;
}

export interface UserAccess {
  readonly token: string | null;
  /** Read again for every burst of requests, as projected tokens rotate. */
  readonly tokenFile: string | null;
  readonly clientCertificate: Buffer | null;
  readonly clientKey: Buffer | null;
  readonly basic: { readonly username: string; readonly password: string } | null;
  readonly exec: ExecPlugin | null;
}

/** A credential plugin as for `aws eks get-token`. */
export interface ExecPlugin {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly provideClusterInfo: boolean;
}

export interface ContextChoice {
  readonly context?: string;
  readonly cluster?: string;
  readonly namespace?: string;
}

const named = <T extends z.ZodType>(key: string, inner: T) =>
  z
    .array(z.looseObject({ name: z.string(), [key]: inner }))
    .nullish()
    .transform((items) => items ?? []);

const clusterSchema = z.looseObject({
  server: z.string(),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
});
const execSchema = z.looseObject({
  apiVersion: z.string(),
  command: z.string(),
  args: z.array(z.string()).nullish(),
  env: z.array(z.object({ name: z.string(), value: z.string() })).nullish(),
  provideClusterInfo: z.boolean().nullish(),
});
const userSchema = z.looseObject({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  exec: execSchema.nullish(),
});
const contextSchema = z.looseObject({
  cluster: z.string(),
  user: z.string().optional(),
  namespace: z.string().optional(),
});
const kubeconfigSchema = z.looseObject({
  'current-context': z.string().nullish(),
  clusters: named('cluster', clusterSchema),
  users: named('user', userSchema),
  contexts: named('context', contextSchema),
});

/**
 * Reads a kubeconfig, given as a path or as its own text (YAML or JSON).
 * @throws an error that names what is missing; it never contains credentials.
 */
export function loadKubeconfig(pathOrText: string, choice: ContextChoice = {}): ClusterAccess {
  const isText = pathOrText.includes('\n') || pathOrText.trimStart().startsWith('{');
  const text = isText ? pathOrText : readFileSync(pathOrText, 'utf8');
  const directory = isText ? process.cwd() : dirname(resolve(pathOrText));
  const parsed = kubeconfigSchema.safeParse(parse(text));
  if (!parsed.success) throw new Error(`The kubeconfig is not valid: ${z.prettifyError(parsed.error)}`);
  const config = parsed.data;

  const contextName = choice.context ?? config['current-context'] ?? '';
  const context = find(config.contexts, 'context', contextName, contextSchema);
  const cluster = find(config.clusters, 'cluster', choice.cluster ?? context.cluster, clusterSchema);
  const user = context.user ? find(config.users, 'user', context.user, userSchema) : {};
  const file = (path: string): Buffer => readFileSync(isAbsolute(path) ? path : resolve(directory, path));
  const dataOrFile = (data: string | undefined, path: string | undefined): Buffer | null =>
    data ? Buffer.from(data, 'base64') : path ? file(path) : null;

  return {
    server: new URL(cluster.server),
    ca: dataOrFile(cluster['certificate-authority-data'], cluster['certificate-authority']),
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] ?? false,
    tlsServerName: cluster['tls-server-name'] ?? null,
    namespace: choice.namespace ?? context.namespace ?? 'default',
    user: {
      token: user.token ?? null,
      tokenFile: user.tokenFile ? resolve(directory, user.tokenFile) : null,
      clientCertificate: dataOrFile(user['client-certificate-data'], user['client-certificate']),
      clientKey: dataOrFile(user['client-key-data'], user['client-key']),
      basic: user.username ? { username: user.username, password: user.password ?? '' } : null,
      exec: user.exec
        ? {
            apiVersion: user.exec.apiVersion,
            command: user.exec.command,
            args: user.exec.args ?? [],
            env: Object.fromEntries((user.exec.env ?? []).map(({ name, value }) => [name, value])),
            provideClusterInfo: user.exec.provideClusterInfo ?? false,
          }
        : null,
    },
  };
}

function find<T extends z.ZodType>(
  items: readonly Record<string, unknown>[],
  key: string,
  name: string,
  schema: T,
): z.infer<T> {
  const item = items.find((candidate) => candidate.name === name);
  if (!item) throw new Error(`The kubeconfig has no ${key} named ${JSON.stringify(name)}`);
  return schema.parse(item[key]);
}
