/**
 * What a package's own SDK says about its resources. Generated SDKs name every input and output, say which inputs are
 * required, and by their types what an output always has: so a simulated provider knows every resource of the
 * installed version, without the provider's schema.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

export type OutputKind = 'text' | 'number' | 'boolean' | 'list' | 'map';

export interface ResourceFacts {
  readonly inputs: ReadonlySet<string>;
  readonly required: readonly string[];
  /** Outputs that are no inputs: only the provider knows them. */
  readonly computed: ReadonlySet<string>;
  /** Everything that has a value in every resource, including inputs with a default. */
  readonly always: ReadonlyMap<string, OutputKind>;
  /** The same one level down, for outputs that are maps or lists of maps. */
  readonly nested: ReadonlyMap<string, ReadonlyMap<string, OutputKind>>;
}

/** Declaration of a type of outputs (`sesv2.EmailIdentityDkimSigningAttributes`), empty when there is none. */
export type FindDeclaration = (name: string) => string;

/** Reads the SDK of one package, each resource when it is first needed. */
export class SdkFacts {
  readonly packageName: string;
  readonly version: string;
  readonly #folder: string;
  readonly #known = new Map<string, ResourceFacts | null>();
  #outputTypes: string | undefined;

  /** @throws when the package is not installed. */
  constructor(packageName: string) {
    this.packageName = packageName;
    const require = createRequire(import.meta.url);
    this.#folder = dirname(require.resolve(`@pulumi/${packageName}/package.json`));
    const manifest: { version: string } = JSON.parse(
      readFileSync(join(this.#folder, 'package.json'), 'utf8'),
    );
    this.version = manifest.version;
  }

  /** Null for a type that the package does not have. */
  of(type: string): ResourceFacts | null {
    const known = this.#known.get(type);
    if (known !== undefined) return known;
    const facts = this.#read(type);
    this.#known.set(type, facts);
    return facts;
  }

  /** All types of outputs are in one file, each in the namespace of its module. */
  #outputType(name: string): string {
    this.#outputTypes ??= readFileSync(join(this.#folder, 'types', 'output.d.ts'), 'utf8');
    const [namespace = '', type = ''] = name.split('.');
    const module = this.#outputTypes.indexOf(`export declare namespace ${namespace} {`);
    const start = this.#outputTypes.indexOf(`    interface ${type} {`, module);
    if (module < 0 || start < 0) return '';
    return this.#outputTypes.slice(start, this.#outputTypes.indexOf('\n    }\n', start));
  }

  /** `aws:ec2/vpc:Vpc` is in `ec2/vpc.js`, `random:index/randomId:RandomId` in `randomId.js`. */
  #read(type: string): ResourceFacts | null {
    const match = /^([a-z0-9-]+):([\w-]+)\/(\w+):(\w+)$/.exec(type);
    if (!match || match[1] !== this.packageName) return null;
    const [, , module = '', file = ''] = match;
    const path = join(this.#folder, ...(module === 'index' ? [] : [module]), file);
    try {
      const code = readFileSync(`${path}.js`, 'utf8');
      if (!code.includes(`'${type}'`)) return null;
      return parseResource(code, readFileSync(`${path}.d.ts`, 'utf8'), (name) => this.#outputType(name));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  }
}

/** From the generated class and its declaration. Exported for tests. */
export function parseResource(
  code: string,
  declaration: string,
  findDeclaration: FindDeclaration,
): ResourceFacts {
  // The first half of the constructor looks a resource up, the second makes one.
  const making = code.slice(code.lastIndexOf('const args = argsOrState'));
  const inputs = new Set<string>();
  const computed = new Set<string>();
  for (const [, name = '', value = ''] of making.matchAll(/resourceInputs\["(\w+)"\] = (.*);/g)) {
    if (value === 'undefined /*out*/') computed.add(name);
    else inputs.add(name);
  }
  const required = [...making.matchAll(/Missing required property '(\w+)'/g)].map(([, name = '']) => name);

  const always = new Map<string, OutputKind>();
  const nested = new Map<string, ReadonlyMap<string, OutputKind>>();
  const outputs = declaration.slice(
    declaration.indexOf('export declare class'),
    declaration.indexOf('constructor(name: string'),
  );
  for (const [, name = '', type = ''] of outputs.matchAll(/readonly (\w+): pulumi\.Output<([\s\S]*?)>;\n/g)) {
    if (!/\| undefined$/.test(type)) always.set(name, kindOfType(type.trim()));
    const shape = /^outputs\.([\w.]+)/.exec(type)?.[1];
    if (shape && inputs.has(name)) nested.set(name, fieldsOf(findDeclaration(shape)));
  }
  return { inputs, required, computed, always, nested };
}

/** Fields that are always present; the provider does not add optional ones. */
function fieldsOf(declaration: string): ReadonlyMap<string, OutputKind> {
  const fields = [...declaration.matchAll(/^ {8}(\w+): ([\s\S]*?);$/gm)];
  return new Map(fields.map(([, name = '', type = '']) => [name, kindOfType(type)]));
}

function kindOfType(type: string): OutputKind {
  if (type.endsWith('[]')) return 'list';
  if (type === 'number') return 'number';
  if (type === 'boolean') return 'boolean';
  if (type.startsWith('{') || type.startsWith('outputs.')) return 'map';
  return 'text';
}
