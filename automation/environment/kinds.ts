/** The kinds of values that variables take. */
import { homedir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { databaseServerPattern } from '../../tenants/catalog/names.ts';

export const text = { form: 'text', schema: z.string().min(1) };

/** Absolute once read; `~/` is the user's home folder. */
export const path = {
  form: 'a path',
  schema: z.string().transform((given) => resolve(given.replace(/^~(?=\/)/, homedir()))),
};

export const url = { form: 'a URL', schema: z.url() };

export const postgresUrl = {
  form: 'a postgres:// URL',
  schema: z.url({ protocol: /^postgres(ql)?$/ }),
};

export const postgresUrls = {
  form: "a JSON object of postgres:// URLs by the server's name",
  schema: json(z.record(z.string().regex(databaseServerPattern), postgresUrl.schema)),
};

export const stripeKey = {
  form: 'a Stripe secret or restricted key (sk_… or rk_…)',
  schema: z.string().regex(/^(sk|rk)_/),
};

export const webhookSecrets = {
  form: 'webhook signing secrets (whsec_…), separated by commas',
  schema: list(z.string().regex(/^whsec_/), 1),
};

export const trustedIssuers = {
  form: 'a JSON array of {"issuer", "audience", "clientId", "scope", "host"}, of which "host" may be missing',
  schema: json(
    z.array(
      z.strictObject({
        issuer: z.url(),
        audience: z.string().min(1),
        clientId: z.string().min(1),
        scope: z.string().min(1),
        host: z.string().min(1).optional(),
      }),
    ),
  ),
};

export const modules = {
  form: 'paths or names of modules, separated by commas',
  schema: list(z.string().min(1)),
};

export const backendUrl = {
  form: 'a file://, s3://, gs:// or azblob:// URL',
  schema: z.string().regex(/^(file|s3|gs|azblob):\/\//),
};

export const secretsProvider = {
  form: 'the URL of a Pulumi secrets provider, such as awskms://alias/tenantry',
  schema: z.string().regex(/^[a-z]+:\/\//),
};

export const fileStoreUrl = { form: 'a file:// or s3:// URL', schema: z.string().regex(/^(file|s3):\/\//) };

export const tenantBuckets = {
  form: 's3:// URLs with {tenant} or {namespace} in them, separated by commas',
  schema: list(
    z
      .string()
      .regex(/^s3:\/\//)
      .regex(/\{(tenant|namespace)\}/),
  ),
};

export const smtpUrl = {
  form: 'a URL such as smtps://user:password@mail.example.com:465, or smtp://…:587 for STARTTLS',
  schema: z.url({ protocol: /^smtps?$/ }),
};

export const mailAddress = {
  form: 'an address, or Name <address>',
  schema: z.string().regex(/^[^\r\n<>]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@]+@[^\s<>@]+$/),
};

export const networks = {
  form: 'IPv4 networks such as 10.0.200.0/24, separated by commas',
  schema: list(z.cidrv4()),
};

export const ed25519Key = {
  form: 'an Ed25519 private key in PEM (PKCS #8)',
  schema: z.string().regex(/^-----BEGIN PRIVATE KEY-----/),
};

/** A port of this machine. */
export const port = { form: 'a number from 1 to 65535', schema: z.coerce.number().int().min(1).max(65_535) };

/** A whole number, with what it counts. */
export function count(of: string, limits: { readonly from: number; readonly to?: number }) {
  const { from, to } = limits;
  const schema = z.coerce.number().int().min(from);
  return to === undefined
    ? { form: `a whole number of ${of}, ${from} or more`, schema }
    : { form: `a whole number of ${of} from ${from} to ${to}`, schema: schema.max(to) };
}

export const milliseconds = count('milliseconds', { from: 0 });
export const positiveMilliseconds = count('milliseconds', { from: 1 });

export function oneOf<const Choice extends string>(...choices: Choice[]) {
  const last = choices.at(-1);
  return { form: `${choices.slice(0, -1).join(', ')} or ${last}`, schema: z.enum(choices) };
}

export const onOff = {
  form: 'on or off',
  schema: z.enum(['on', 'off']).transform((given) => given === 'on'),
};

export const seed = {
  form: 'a whole number, or random',
  schema: z.union([z.literal('random'), z.coerce.number().int()]),
};

/** Items separated by commas, at least `fewest` of them; the empty text has none. */
function list<Item extends z.ZodType<unknown, string>>(item: Item, fewest = 0) {
  return z
    .string()
    .transform((given) =>
      given
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(z.array(item).min(fewest));
}

function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((given, context) => {
      try {
        return JSON.parse(given) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'must be JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
