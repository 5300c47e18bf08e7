/**
 * A child process that loads one version of the tenant program and reports what it declares, without an engine: the program
 * registers its resources with a monitor that only records them. The first argument is the root of the program's checkout,
 * whose packages it uses, so that both have the same SDK.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Product } from '../../../tenants/catalog/types.ts';
import { completeCatalog } from '../../stacks/index.ts';
import {
  type Declaration,
  type DeclaredResource,
  type DeclaredValue,
  secretKey,
  unknownValue,
} from './declared.ts';

export type ToProgram = { readonly specs: readonly unknown[]; readonly products: readonly Product[] };
export type FromProgram =
  | { readonly type: 'ready' }
  | { readonly type: 'declared'; readonly declarations: readonly Declaration[] };

/** A registration's request, with what we read of it. */
interface Registration {
  getType(): string;
  getName(): string;
  getObject(): { toJavaScript(): Record<string, unknown> } | undefined;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getDeletebeforereplace(): boolean;
  getDeletedwith(): string;
  getIgnorechangesList(): string[];
  getReplaceonchangesList(): string[];
  getAdditionalsecretoutputsList(): string[];
  getAliasesList(): {
    getUrn(): string;
    getSpec(): { getName(): string; getType(): string } | undefined;
  }[];
}

interface Monitor {
  registerResource(request: Registration, callback: unknown): Promise<void>;
}

/** What we use of `@pulumi/pulumi`, in the checkout's version. */
interface Sdk {
  secret(value: unknown): unknown;
  runtime: {
    setMocks(mocks: object, project: string, stack: string, preview: boolean): Promise<void>;
    getMonitor(): Monitor;
    waitForRPCs(): Promise<void>;
  };
}

/**
 * Values from providers that the program uses. Every other value is unknown to the program, as in the preview of a resource
 * that does not exist yet.
 */
const outputsOf: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'random:index/randomPassword:RandomPassword': { result: 'x'.repeat(32) },
  'tenantry:postgres:Schema': { host: 'database', port: 5432, database: 'shared' },
  'tenantry:postgres:Database': { host: 'database', port: 5432 },
};

const [root = ''] = process.argv.slice(2);
const sdk = createRequire(join(root, 'tenants', 'program.ts'))('@pulumi/pulumi') as Sdk;
const { tenantProgram } = (await import(pathToFileURL(join(root, 'tenants', 'program.ts')).href)) as {
  tenantProgram: (spec: unknown) => Promise<unknown>;
};

// The SDK records the stack of every promise, which would be half of the work here.
Error.stackTraceLimit = 0;

/** Specs are declared one after another, so an unhandled rejection belongs to the present one. */
let stray: unknown;
process.on('unhandledRejection', (reason) => {
  stray ??= reason;
});

async function declare(spec: unknown): Promise<Declaration> {
  const resources: DeclaredResource[] = [];
  stray = undefined;
  try {
    await sdk.runtime.setMocks(mocks, 'tenantry', 'tenant', true);
    const monitor = sdk.runtime.getMonitor();
    const register = monitor.registerResource.bind(monitor);
    const secretOutputs = new Map<string, readonly string[]>();
    current = secretOutputs;
    monitor.registerResource = (request, callback) => {
      secretOutputs.set(
        keyOf(request.getType(), request.getName()),
        request.getAdditionalsecretoutputsList(),
      );
      resources.push(declared(request));
      return register(request, callback);
    };
    await tenantProgram(spec);
    await sdk.runtime.waitForRPCs();
    if (stray !== undefined) throw stray;
    return { kind: 'resources', resources: resources.sort(byTypeAndName) };
  } catch (error) {
    return { kind: 'refused', reason: reasonOf(error) };
  }
}

let current = new Map<string, readonly string[]>();

const mocks = {
  call: () => ({}),
  newResource: (resource: { type: string; name: string; inputs: Record<string, unknown> }) => {
    const secret = current.get(keyOf(resource.type, resource.name)) ?? [];
    const state = { ...outputsOf[resource.type], ...resource.inputs };
    return {
      id: undefined,
      state: Object.fromEntries(
        Object.entries(state).map(([key, value]) => [key, secret.includes(key) ? sdk.secret(value) : value]),
      ),
    };
  },
};

function declared(request: Registration): DeclaredResource {
  const type = request.getType();
  const name = request.getName();
  const options: Record<string, DeclaredValue> = {
    ...(request.getProtect() && { protect: true }),
    ...(request.getRetainondelete() && { retainOnDelete: true }),
    ...(request.getDeletebeforereplace() && { deleteBeforeReplace: true }),
    ...(request.getDeletedwith() !== '' && { deletedWith: lastOfUrn(request.getDeletedwith()).name }),
    ...(request.getIgnorechangesList().length > 0 && {
      ignoreChanges: request.getIgnorechangesList().sort(),
    }),
    ...(request.getReplaceonchangesList().length > 0 && {
      replaceOnChanges: request.getReplaceonchangesList().sort(),
    }),
  };
  const aliases = request.getAliasesList().map((alias) => {
    const spec = alias.getSpec();
    return spec ? { type: spec.getType() || type, name: spec.getName() || name } : lastOfUrn(alias.getUrn());
  });
  const inputs = declaredValue(request.getObject()?.toJavaScript() ?? {}) as DeclaredResource['inputs'];
  return { type, name, inputs, options, aliases };
}

/** Marks of the SDK's wire format: @see sdk/nodejs/runtime/rpc.ts */
const signatureKey = '4dabf18193072939515e22adb298388d';
const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const unknownText = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

function declaredValue(value: unknown): DeclaredValue {
  if (value === unknownText) return unknownValue;
  if (Array.isArray(value)) return value.map(declaredValue);
  if (typeof value === 'object' && value !== null) {
    const map = value as Record<string, unknown>;
    if (map[signatureKey] === secretSignature) return { [secretKey]: digestOf(declaredValue(map.value)) };
    return Object.fromEntries(Object.entries(map).map(([key, child]) => [key, declaredValue(child)]));
  }
  return value as DeclaredValue;
}

function digestOf(value: DeclaredValue): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

function keyOf(type: string, name: string): string {
  return `${type}::${name}`;
}

/** `urn:pulumi:stack::project::parent$type::name` */
function lastOfUrn(urn: string): { type: string; name: string } {
  const parts = urn.split('::');
  return { type: parts[2]?.split('$').at(-1) ?? '', name: parts.slice(3).join('::') };
}

function byTypeAndName(a: DeclaredResource, b: DeclaredResource): number {
  return keyOf(a.type, a.name) < keyOf(b.type, b.name) ? -1 : 1;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function send(message: FromProgram): void {
  process.send?.(message);
}

process.on('message', async ({ specs, products }: ToProgram) => {
  await completeCatalog(products, root);
  const declarations: Declaration[] = [];
  for (const spec of specs) declarations.push(await declare(spec));
  send({ type: 'declared', declarations });
});
process.on('disconnect', () => process.exit(0));
send({ type: 'ready' });
