/** Runs the platform's program under Pulumi's mocks and records every resource that it registers. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as pulumi from '@pulumi/pulumi';
import { inject } from 'vitest';
import { parse } from 'yaml';
import { withLock } from '../../automation/toolchain/lock.ts';
import { mockAnswer, mockOutputs } from './infra-outputs.ts';

export interface GraphResource {
  readonly type: string;
  readonly name: string;
  /** As the engine gets them; secrets are unwrapped, and named in `secrets`. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Top-level inputs that are secret. */
  readonly secrets: readonly string[];
  readonly options: {
    /** `urn::id` of the provider, where one is named. */
    readonly provider: string;
    readonly parent: string;
    readonly protect: boolean;
    readonly retainOnDelete: boolean;
    readonly ignoreChanges: readonly string[];
    /** URNs. */
    readonly dependencies: readonly string[];
  };
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [key: string]: unknown;
}

export interface InfraGraph {
  readonly stack: string;
  readonly resources: readonly GraphResource[];
  /** The stack's outputs, resolved. */
  readonly outputs: Readonly<Record<string, unknown>>;
  ofType(type: string): readonly GraphResource[];
  /** The resource of the type with the logical name. @throws Error that lists the names that there are */
  get(type: string, name: string): GraphResource;
  /** Objects that the program writes itself: everything of Kubernetes but Helm releases. */
  objects(): readonly KubernetesObject[];
  /** The inputs of a Helm release by the name of its chart. */
  chart(name: string): Readonly<Record<string, unknown>>;
}

const root = resolve(import.meta.dirname, '../..');
const program = join(root, 'infra/index.ts');

/** The six stacks that the repository has values for. */
export const stackNames = [
  'dev',
  'staging',
  'prod',
  'prod-us-west-2',
  'prod-eu-west-1',
  'prod-ap-southeast-1',
] as const;

/** Configuration of a stack as its file has it, by full key. */
export function stackValues(stack: string): Record<string, unknown> {
  return parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), 'utf8')).config;
}

let last: Promise<unknown> = Promise.resolve();
let runs = 0;

interface Recorded {
  readonly resources: GraphResource[];
  readonly outputs: Record<string, unknown>;
}

/**
 * The graph of a stack. The program runs once for each configuration in a run of the tests, whichever file asks first:
 * most of them ask for the same ones.
 * @param changes values in place of the file's, by full key (`tenantry:network`)
 */
export async function infraGraph(stack: string, changes: Record<string, unknown> = {}): Promise<InfraGraph> {
  const config = { ...stackValues(stack), ...changes };
  const key = createHash('sha256')
    .update(JSON.stringify([stack, config]))
    .digest('hex')
    .slice(0, 16);
  const file = join(inject('runDir'), 'graphs', `${stack}-${key}.json`);
  const recorded = await withLock(`${file}.lock`, async () => {
    if (!existsSync(file)) {
      writeFileSync(`${file}.new`, JSON.stringify(await inTurn(() => runProgram(stack, config))));
      renameSync(`${file}.new`, file);
    }
    return JSON.parse(readFileSync(file, 'utf8')) as Recorded;
  });
  return graphOf(stack, recorded.resources, recorded.outputs);
}

/** The SDK keeps one program's state per process. */
function inTurn<T>(run: () => Promise<T>): Promise<T> {
  const turn = last.then(run);
  last = turn.catch(() => {});
  return turn;
}

async function runProgram(stack: string, config: Record<string, unknown>): Promise<Recorded> {
  const region = String(config['aws:region']);
  const resources: GraphResource[] = [];
  const options = new Map<string, GraphResource['options']>();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        const secrets = Object.keys(inputs).filter((key) => isSecret(inputs[key]));
        const plain = revealed(inputs) as Record<string, unknown>;
        const own = options.get(`${type} ${name}`);
        if (own) resources.push({ type, name, inputs: plain, secrets, options: own });
        return { id: `${name}-id`, state: mockOutputs(type, name, plain, region) };
      },
      call: ({ token, inputs }) => mockAnswer(token, inputs, region),
    },
    'tenantry',
    stack,
    false,
  );
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [
        key,
        typeof value === 'string' ? value : JSON.stringify(value),
      ]),
    ),
  );
  recordOptions(options);
  // A query makes it another module, so that the program runs again.
  const exports: Record<string, unknown> = await import(/* @vite-ignore */ `${program}?run=${runs++}`);
  const outputs = (await settled(pulumi.output({ ...exports }))) as Record<string, unknown>;
  await pulumi.runtime.disconnect();
  // Registrations come in whatever order their inputs resolve.
  resources.sort((a, b) => compare(a.type, b.type) || compare(a.name, b.name));
  const told = resources.map(async (resource) => ({
    ...resource,
    inputs: (await plain(resource.inputs)) as Readonly<Record<string, unknown>>,
  }));
  return { resources: await Promise.all(told), outputs };
}

/** Archives and texts that a program ships as plain values: `{ assets: { 'index.mjs': { text } } }`. */
async function plain(value: unknown): Promise<unknown> {
  if (value instanceof pulumi.asset.StringAsset) return { text: await value.text };
  if (value instanceof pulumi.asset.AssetArchive) return { assets: await plain(await value.assets) };
  if (value instanceof pulumi.asset.Asset || value instanceof pulumi.asset.Archive)
    throw new Error('The graph keeps texts and archives of texts only.');
  if (Array.isArray(value)) return Promise.all(value.map(plain));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(async ([key, inner]) => [key, await plain(inner)] as const);
  return Object.fromEntries(await Promise.all(entries));
}

function graphOf(
  stack: string,
  resources: readonly GraphResource[],
  outputs: Readonly<Record<string, unknown>>,
): InfraGraph {
  const ofType = (type: string) => resources.filter((resource) => resource.type === type);
  return {
    stack,
    resources,
    outputs,
    ofType,
    get(type, name) {
      const found = ofType(type).find((resource) => resource.name === name);
      if (found) return found;
      const names = ofType(type).map((resource) => resource.name);
      throw new Error(`${stack} has no ${type} named ${name}; there are: ${names.join(', ') || 'none'}`);
    },
    objects: () =>
      resources
        .filter(({ type }) => type.startsWith('kubernetes:') && !type.startsWith('kubernetes:helm.sh/'))
        .map(({ inputs }) => inputs as unknown as KubernetesObject),
    chart(name) {
      const releases = ofType('kubernetes:helm.sh/v3:Release');
      const found = releases.find(({ inputs }) => inputs.chart === name);
      if (found) return found.inputs;
      const charts = releases.map(({ inputs }) => String(inputs.chart));
      throw new Error(`${stack} has no release of ${name}; there are: ${charts.join(', ') || 'none'}`);
    },
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface RegisterRequest {
  getType(): string;
  getName(): string;
  getProvider(): string;
  getParent(): string;
  getProtect(): boolean;
  getRetainondelete(): boolean;
  getIgnorechangesList(): string[];
  getDependenciesList(): string[];
}

/** Mocks get inputs only, so this reads everything else from the requests of registrations. */
function recordOptions(options: Map<string, GraphResource['options']>): void {
  const monitor = pulumi.runtime.getMonitor() as unknown as {
    registerResource(request: RegisterRequest, callback: unknown): Promise<void>;
  };
  const register = monitor.registerResource.bind(monitor);
  monitor.registerResource = (request, callback) => {
    options.set(`${request.getType()} ${request.getName()}`, {
      provider: request.getProvider(),
      parent: request.getParent(),
      protect: request.getProtect(),
      retainOnDelete: request.getRetainondelete(),
      ignoreChanges: request.getIgnorechangesList(),
      dependencies: request.getDependenciesList(),
    });
    return register(request, callback);
  };
}

function settled<T>(output: pulumi.Output<T>): Promise<pulumi.Unwrap<T>> {
  return new Promise((done) => output.apply((value) => done(value as pulumi.Unwrap<T>)));
}

const secretSignature = '1b47061264138c4ac30d75fd1eb44270';
const signatureKey = '4dabf18193072939515e22adb298388d';

function isSecret(value: unknown): value is { value: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Record<string, unknown>)[signatureKey] === secretSignature
  );
}

function revealed(value: unknown): unknown {
  if (isSecret(value)) return revealed(value.value);
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, revealed(inner)]));
}
