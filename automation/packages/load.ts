/** Joins this tree's services with those of packages, before anything reads the catalog. */
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { extendCatalog } from '../../tenants/catalog/index.ts';
import type { Product } from '../../tenants/catalog/types.ts';
import type { Service } from '../service.ts';

const callable = z.custom<(...given: never) => unknown>((value) => typeof value === 'function', {
  error: 'must be a function',
});
const schema = z.custom<z.ZodType>(
  (value) => typeof (value as { safeParse?: unknown } | null)?.safeParse === 'function',
  { error: 'must be a zod schema' },
);
const existingPath = z
  .string()
  .refine(isAbsolute, 'must be an absolute path')
  .refine(existsSync, 'names nothing that exists');
const names = z.string().regex(/^[a-z][a-z0-9-]*$/i, 'names have letters, digits and hyphens');
const byName = <Value extends z.ZodType>(value: Value) => z.record(names, value);

/** The shape of a service; `extendCatalog` checks its product. */
const shape = z.strictObject({
  product: z.custom<Product>((value) => typeof value === 'object' && value !== null, {
    error: 'must be a product, such as one of tenants/catalog',
  }),
  tenantChanged: callable.optional(),
  subscriptionChanged: callable.optional(),
  routes: z.strictObject({ paths: z.array(z.string()).min(1).optional(), add: callable }).optional(),
  tasks: byName(z.strictObject({ payload: schema, run: callable })).optional(),
  sweep: byName(callable).optional(),
  usage: callable.optional(),
  checks: byName(
    z.strictObject({ description: z.string(), attributes: schema, decide: callable }),
  ).optional(),
  personalData: z.strictObject({ export: callable, erase: callable }).optional(),
  objects: z
    .array(
      z.strictObject({
        apiVersion: z.string(),
        kind: z.string(),
        label: z.string().regex(/^[a-z0-9.-]+\/[a-z0-9-]+$/i, 'must be a label such as example.com/sandbox'),
        wanted: callable,
      }),
    )
    .optional(),
  metrics: callable.optional(),
  migrations: existingPath.optional(),
  page: existingPath.optional(),
});

/** The package cannot be loaded or is not a service. The message names the package and the field. */
export class ServiceNotLoaded extends Error {
  override readonly name = 'ServiceNotLoaded';
}

/**
 * Loads the packages and adds their products to the catalog.
 * @param options.own this tree's services, whose products the catalog already has
 * @param options.packages specifiers or paths of modules whose default export is a `Service`
 * @returns this tree's services, then the packages', in order
 * @throws ServiceNotLoaded
 */
export async function loadServices<Router>(options: {
  readonly own: readonly Service<Router>[];
  readonly packages: readonly string[];
}): Promise<readonly Service<Router>[]> {
  const loaded: Service<Router>[] = [];
  for (const specifier of options.packages) {
    const service = serviceIn<Router>(specifier, await importPackage(specifier));
    try {
      extendCatalog([service.product]);
    } catch (error) {
      throw notLoaded(specifier, messageOf(error), error);
    }
    loaded.push(service);
  }
  return [...options.own, ...loaded];
}

async function importPackage(specifier: string): Promise<{ default?: unknown }> {
  try {
    return await import(addressOf(specifier));
  } catch (error) {
    throw notLoaded(specifier, messageOf(error), error);
  }
}

/** Resolves a path against the working directory; leaves any other specifier to Node, as for this tree's packages. */
function addressOf(specifier: string): string {
  if (!/^\.{0,2}\//.test(specifier)) return specifier;
  const path = resolve(specifier);
  if (!existsSync(path)) throw new Error(`there is no file ${path}`);
  if (statSync(path).isDirectory())
    throw new Error(`${path} is a folder: name its module, such as ${path}/index.ts`);
  return pathToFileURL(path).href;
}

function serviceIn<Router>(specifier: string, { default: exported }: { default?: unknown }): Service<Router> {
  if (exported === undefined) throw notLoaded(specifier, 'its module has no default export');
  const parsed = shape.safeParse(exported);
  // Not the parsed copy, which has lost its prototypes.
  if (parsed.success) return exported as Service<Router>;
  const wrong = parsed.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );
  throw notLoaded(specifier, wrong.join('; '));
}

function notLoaded(specifier: string, why: string, cause?: unknown): ServiceNotLoaded {
  return new ServiceNotLoaded(`TENANTRY_SERVICES: ${specifier} cannot be loaded: ${why}`, { cause });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
