/** Reads the configuration of an image from its registry: https://github.com/opencontainers/distribution-spec */
import { z } from 'zod';
import { type ImageReference, parseImage } from './image-reference.ts';
import { Unreadable } from './verdict.ts';

/** An image's configuration for one architecture. */
export interface ImageConfig {
  readonly architecture: string;
  readonly os: string;
  readonly user: string;
  readonly exposedPorts: readonly number[];
  readonly volumes: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly stopSignal: string | null;
  readonly hasHealthcheck: boolean;
  /** The size of all layers together. */
  readonly compressedBytes: number;
}

export interface Image {
  readonly reference: ImageReference;
  /** One for each architecture. */
  readonly configs: readonly ImageConfig[];
}

const descriptor = z.object({
  digest: z.string(),
  size: z.number(),
  platform: z.object({ architecture: z.string(), os: z.string() }).optional(),
});
const manifestSchema = z.union([
  z.object({ manifests: z.array(descriptor) }),
  z.object({ config: descriptor, layers: z.array(descriptor) }),
]);
const configSchema = z.object({
  architecture: z.string(),
  os: z.string(),
  config: z
    .object({
      User: z.string().nullish(),
      ExposedPorts: z.record(z.string(), z.unknown()).nullish(),
      Volumes: z.record(z.string(), z.unknown()).nullish(),
      Entrypoint: z.array(z.string()).nullish(),
      Cmd: z.array(z.string()).nullish(),
      StopSignal: z.string().nullish(),
      Healthcheck: z.unknown().optional(),
    })
    .nullish(),
});

const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
].join(', ');

const timeoutMs = 20_000;

/**
 * Reads an image's configuration from its registry, without its layers.
 * @param login `user:password`, for an image that demands a login
 * @throws Unreadable when the reference is malformed or the registry refuses the image
 */
export async function readImage(text: string, login?: string): Promise<Image> {
  const reference = parseImage(text);
  const get = registryClient(reference, login);
  const top = parse(manifestSchema, await get(`manifests/${reference.version}`, manifestTypes), text);
  const manifests =
    'manifests' in top
      ? await Promise.all(
          top.manifests
            // In the index, attestations look like images without a platform.
            .filter(({ platform }) => platform?.os !== 'unknown')
            .map(async ({ digest }) =>
              parse(manifestSchema, await get(`manifests/${digest}`, manifestTypes), text),
            ),
        )
      : [top];
  const configs = await Promise.all(
    manifests.map(async (manifest) => {
      if (!('config' in manifest)) throw new Unreadable(`${text}: an index within an index is no image.`);
      const stored = parse(configSchema, await get(`blobs/${manifest.config.digest}`, '*/*'), text);
      return configOf(
        stored,
        manifest.layers.reduce((sum, { size }) => sum + size, 0),
      );
    }),
  );
  if (configs.length === 0) throw new Unreadable(`${text}: the index names no image.`);
  return { reference, configs };
}

function configOf(
  { architecture, os, config }: z.infer<typeof configSchema>,
  compressedBytes: number,
): ImageConfig {
  return {
    architecture,
    os,
    user: config?.User ?? '',
    exposedPorts: Object.keys(config?.ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
    volumes: Object.keys(config?.Volumes ?? {}),
    entrypoint: config?.Entrypoint ?? [],
    command: config?.Cmd ?? [],
    stopSignal: config?.StopSignal ?? null,
    hasHealthcheck: config?.Healthcheck != null,
    compressedBytes,
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, answer: unknown, image: string): z.infer<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw new Unreadable(`${image}: the registry's answer is no image manifest or configuration.`);
}

/** Reads paths below the repository, and logs in the way that the registry demands. */
function registryClient({ registry, repository }: ImageReference, login: string | undefined) {
  const scheme = /^(localhost|127\.\d+\.\d+\.\d+)(:\d+)?$/.test(registry) ? 'http' : 'https';
  const basic = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
  let authorization: string | undefined;

  const ask = async (url: string, headers: Record<string, string>) => {
    try {
      return await fetch(url, { headers, signal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      throw new Unreadable(`${registry} cannot be reached: ${reasonOf(cause)}`);
    }
  };
  const logIn = async (challenge: string): Promise<string> => {
    if (/^basic/i.test(challenge) && basic) return basic;
    const field = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(challenge)?.[1];
    const realm = field('realm');
    if (!/^bearer/i.test(challenge) || realm === undefined)
      throw new Unreadable(`${registry} asks for a login: give it as --login user:password.`);
    const url = new URL(realm);
    const service = field('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${repository}:pull`);
    const answer = await ask(url.href, basic ? { authorization: basic } : {});
    if (!answer.ok) throw new Unreadable(`${registry} refuses the login (${answer.status}).`);
    const { token, access_token: accessToken } = z
      .object({ token: z.string().optional(), access_token: z.string().optional() })
      .parse(await answer.json());
    return `Bearer ${token ?? accessToken ?? ''}`;
  };

  return async (path: string, accept: string): Promise<unknown> => {
    const url = `${scheme}://${registry}/v2/${repository}/${path}`;
    const headers = () => ({ accept, ...(authorization && { authorization }) });
    let answer = await ask(url, headers());
    if (answer.status === 401 && authorization === undefined) {
      authorization = await logIn(answer.headers.get('www-authenticate') ?? '');
      answer = await ask(url, headers());
    }
    if (answer.status === 404)
      throw new Unreadable(`${registry} has no ${repository} at ${path.split('/').at(-1)}.`);
    if (answer.status === 401 || answer.status === 403)
      throw new Unreadable(`${registry} does not show ${repository}: give a login as --login user:password.`);
    if (!answer.ok) throw new Unreadable(`${registry} answered ${answer.status} for ${repository}.`);
    try {
      return JSON.parse(await answer.text());
    } catch {
      throw new Unreadable(`${registry} answered something other than JSON for ${repository}.`);
    }
  };
}

function reasonOf(cause: unknown): string {
  const error = cause instanceof Error ? (cause.cause ?? cause) : cause;
  return error instanceof Error ? error.message || error.name : String(error);
}
