/**
 * Stripe's own description of its API (OpenAPI), from the Go module of stripe-mock, as a judge of answers: every
 * field that the description requires must be present, and every present field must match it.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { moduleFolder } from '../../../automation/toolchain/crds.ts';
import { readToolchainEnv } from '../../../automation/toolchain/env.ts';
import { pins } from '../../../automation/toolchain/pins.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly nullable?: boolean;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly [more: string]: unknown;
}

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly content?: { readonly 'application/json'?: { readonly schema: Schema } } }>
  >;
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface Answered {
  readonly method: string;
  /** Without its query. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

export interface Verdict {
  /** Null where the description does not know the address. */
  readonly template: string | null;
  /** Differences from the description, one sentence each. */
  readonly wrong: readonly string[];
  /** Fields that the description does not have. */
  readonly unknown: readonly string[];
}

export interface Description {
  judge(answered: Answered): Verdict;
}

/** Reads the description of the pinned version; Go fetches the module when it is not there. */
export async function readDescription(): Promise<Description> {
  const pin = pins.find(({ name }) => name === 'stripe-mock');
  if (!pin) throw new Error('stripe-mock is not pinned');
  const folder = await moduleFolder(
    { module: pin.package, version: pin.version },
    { env: readToolchainEnv() },
  );
  const file = join(folder, 'embedded', 'openapi', 'spec3.json');
  return describe(JSON.parse(await readFile(file, 'utf8')) as OpenApi);
}

function describe({ paths, components }: OpenApi): Description {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const templates = Object.keys(paths).map((template) => ({
    template,
    // An address that is spelled out goes before one with a placeholder.
    placeholders: template.split('{').length,
    pattern: new RegExp(`^${template.replaceAll('.', '\\.').replace(/\{[^}]+\}/g, '[^/]+')}$`),
  }));
  templates.sort((a, b) => a.placeholders - b.placeholders);

  function resolve(schema: Schema): Schema {
    if (!schema.$ref) return schema;
    const found = components.schemas[schema.$ref.replace('#/components/schemas/', '')];
    if (!found) throw new Error(`the description lacks ${schema.$ref}`);
    return resolve(found);
  }

  /** The part of a schema that concerns a value: the whole description is too large to compile. */
  function partFor(given: Schema, value: unknown, at: string, unknown: string[]): object {
    const schema = resolve(given);
    if (value === null && (schema.nullable || given.nullable)) return {};
    if (schema.anyOf)
      return { anyOf: chosen(schema.anyOf, value).map((one) => partFor(one, value, at, unknown)) };
    if (Array.isArray(value) && value.length > 0 && schema.items) {
      const { items } = schema;
      return { type: 'array', items: value.map((one, n) => partFor(items, one, `${at}[${n}]`, unknown)) };
    }
    if (isRecord(value) && schema.properties) {
      const { properties, required = [] } = schema;
      const parts: Record<string, object> = {};
      for (const [name, inner] of Object.entries(value)) {
        const described = properties[name];
        if (described) parts[name] = partFor(described, inner, `${at}.${name}`, unknown);
        else unknown.push(`${at}.${name}`.replace(/\[\d+\]/g, '[]'));
      }
      return { type: 'object', required, properties: parts };
    }
    const { type, enum: values, maxLength, additionalProperties } = schema;
    return Object.fromEntries(
      Object.entries({ type, enum: values, maxLength, additionalProperties }).filter(
        ([, one]) => one !== undefined,
      ),
    );
  }

  /** Of several objects the one that names itself as the value does; of text or object the matching one. */
  function chosen(schemas: readonly Schema[], value: unknown): readonly Schema[] {
    if (!isRecord(value)) return schemas.filter((schema) => resolve(schema).type !== 'object');
    const objects = schemas.filter((schema) => resolve(schema).type === 'object');
    const named = objects.filter((schema) => {
      const { object, deleted } = resolve(schema).properties ?? {};
      return object?.enum?.includes(value.object) === true && (deleted !== undefined) === 'deleted' in value;
    });
    return named.length > 0 ? named : objects;
  }

  return {
    judge({ method, path, status, body }) {
      const found = templates.find(
        ({ template, pattern }) => pattern.test(path) && paths[template]?.[method.toLowerCase()],
      );
      const operation = found && paths[found.template]?.[method.toLowerCase()];
      if (!found || !operation) return { template: null, wrong: [], unknown: [] };
      const response = operation.responses[String(status)] ?? operation.responses.default;
      const schema = response?.content?.['application/json']?.schema;
      if (!schema)
        return { template: found.template, wrong: [`status ${status} is not described`], unknown: [] };
      const unknown: string[] = [];
      const validate = ajv.compile(partFor(schema, body, '', unknown));
      validate(body);
      const wrong = (validate.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
      return { template: found.template, wrong, unknown };
    },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
