import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readApiEnv } from '../../api/env.ts';
import { readOperationsEnv } from '../../automation/dr/env.ts';
import {
  configurationDocument,
  EnvironmentError,
  ownSections,
  type Reader,
  readers,
  sections,
  table,
  type Variable,
} from '../../automation/environment/index.ts';
import { readFiguresEnv } from '../../automation/figures/env.ts';
import { readLocalEnv } from '../../automation/local/env.ts';
import { readMailEnv } from '../../automation/mail/env.ts';
import { readNotifyEnv } from '../../automation/notify/env.ts';
import { readExportsEnv, readOffboardingEnv } from '../../automation/offboarding/env.ts';
import { readServicePackages } from '../../automation/packages/index.ts';
import { readPreviewEnv } from '../../automation/preview/env.ts';
import { readMigrationEnv } from '../../automation/store/env.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { readWorkerEnv } from '../../automation/worker/env.ts';
import { readCliEnv } from '../../cli/env.ts';
import { workloads } from '../../infra/control-plane/names.ts';
import { modelSeed } from '../model/env.ts';
import { type InfraGraph, infraGraph } from '../support/infra-graph.ts';

const root = resolve(import.meta.dirname, '../..');

type Read = (env: NodeJS.ProcessEnv) => unknown;

/** The functions by which each process reads its environment. */
const readsOf: Record<Reader, Record<string, Read>> = {
  api: { readApiEnv, readExportsEnv, readNotifyEnv, readServicePackages },
  worker: {
    readWorkerEnv,
    readServicePackages,
    readMailEnv,
    readNotifyEnv,
    readOffboardingEnv: (env) => readOffboardingEnv('/home', env),
    readToolchainEnv,
  },
  migrate: { readMigrationEnv, readServicePackages },
  start: { readLocalEnv },
  tenantry: {
    readCliEnv,
    readServicePackages,
    readPreviewEnv,
    readFiguresEnv,
    readToolchainEnv,
    readOperationsEnv: (env) => readOperationsEnv('/home', env),
  },
  tests: { readToolchainEnv, modelSeed },
};

/** Enough for each reader to read everything it can. */
const complete = {
  DATABASE_URL: 'postgres://me@db/tenantry',
  TENANT_DATABASE_URL: 'postgres://me@tenants/tenantry',
  STRIPE_SECRET_KEY: 'sk_test_1',
  STRIPE_WEBHOOK_SECRET: 'whsec_1',
  OIDC_ISSUER: 'https://id.example',
  PULUMI_BACKEND_URL: 's3://state',
  TENANTRY_SECRETS_PROVIDER: 'awskms://alias/x',
  SMTP_URL: 'smtp://mail.example',
  MAIL_FROM: 'a@mail.example',
};

/** Names that a reader requests from an environment. */
async function namesRead(read: Read): Promise<string[]> {
  const names = new Set<string>();
  const env = new Proxy<NodeJS.ProcessEnv>(complete, {
    get(target, name) {
      if (typeof name === 'string') names.add(name);
      return Reflect.get(target, name);
    },
  });
  await read(env);
  return [...names].filter((name) => !name.endsWith('_FILE') || name in table);
}

const variables: [string, Variable][] = Object.entries(table);

describe('the table', () => {
  test('has each variable once', () => {
    const names = sections.flatMap((section) => Object.keys(section.variables));
    expect(names.toSorted()).toEqual([...new Set(names)].toSorted());
    expect(names.toSorted()).toEqual(Object.keys(table).toSorted());
  });

  test('has defaults that are of their own kind, and says what happens without one', () => {
    const wrong = variables.filter(([, { kind, default: value, unset }]) =>
      value === undefined ? unset === undefined : !kind.schema.safeParse(value).success,
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  });

  test('describes each variable in sentences', () => {
    expect(variables.filter(([, { about }]) => !/^[A-Z].*\.$/.test(about)).map(([name]) => name)).toEqual([]);
  });

  test.each(readers)('says what %s reads, neither more nor less', async (reader) => {
    const read = (await Promise.all(Object.values(readsOf[reader]).map(namesRead))).flat();
    const said = (list: readonly (typeof sections)[number][]) =>
      list
        .flatMap((section) => Object.entries(section.variables))
        .filter(([, { readBy }]) => readBy.includes(reader))
        .map(([name]) => name);
    expect(read.filter((name) => !said(sections).includes(name))).toEqual([]);
    expect(said(ownSections).filter((name) => !read.includes(name))).toEqual([]);
  });

  test.each(readers)('says what %s does not start without', async (reader) => {
    const missing = await Promise.all(
      Object.values(readsOf[reader]).map(async (read) => {
        try {
          await read({});
          return [];
        } catch (error) {
          if (error instanceof EnvironmentError) return error.variables;
          throw error;
        }
      }),
    );
    const said = variables.filter(([, { requiredBy }]) => requiredBy?.includes(reader)).map(([name]) => name);
    expect(missing.flat().toSorted()).toEqual(said.toSorted());
  });

  test('is asked by every env.ts that reads a process’s environment', () => {
    const known = new Set(Object.values(readsOf).flatMap((reads) => Object.keys(reads)));
    const functions = ['api', 'automation', 'cli', 'services', 'test/model']
      .flatMap(envFiles)
      .flatMap((file) =>
        [
          ...readFileSync(file, 'utf8').matchAll(/export (?:async )?function (\w+)\([^)]*= process\.env/g),
        ].map(([, name = '']) => name),
      )
      .filter((name) => name !== 'warnOfUnknownVariables');
    expect(functions.length).toBeGreaterThan(10);
    expect(functions.filter((name) => !known.has(name))).toEqual([]);
  });

  test('has what the bootstrap reads, which cannot import it', () => {
    const source = readFileSync(join(root, 'automation/toolchain/bootstrap.mjs'), 'utf8');
    const single = [...source.matchAll(/process\.env\.(\w+)/g)].map(([, name = '']) => name);
    const several = [...source.matchAll(/const \{([^}]*)\} = process\.env/g)].flatMap(([, names = '']) =>
      names.split(',').map((name) => name.trim()),
    );
    expect(single.length).toBeGreaterThan(0);
    expect(several.length).toBeGreaterThan(0);
    expect([...single, ...several].filter((name) => !(name in table))).toEqual([]);
  });
});

describe('the platform', () => {
  let graph: InfraGraph;
  beforeAll(async () => {
    graph = await infraGraph('prod');
  });

  test.each(workloads)('sets for %s only what it reads', (workload) => {
    const owner = graph
      .objects()
      .find(({ kind, metadata }) =>
        workload === 'migrate' ? kind === 'Job' : kind === 'Deployment' && metadata.name === workload,
      );
    if (!owner) throw new Error(`the platform has no ${workload}`);
    const { template } = owner.spec as {
      template: { spec: { containers: { env: { name: string }[] }[] } };
    };
    const set = template.spec.containers.flatMap(({ env }) => env.map(({ name }) => name));
    expect(set.length).toBeGreaterThan(2);
    const readable = variables
      .filter(([, { readBy }]) => readBy.includes(workload))
      .flatMap(([name, { secret }]) => (secret ? [name, `${name}_FILE`] : [name]));
    expect(set.filter((name) => !readable.includes(name))).toEqual([]);
  });
});

test('docs/configuration.md is what `npm run docs` writes', () => {
  expect(readFileSync(join(root, 'docs/configuration.md'), 'utf8')).toBe(configurationDocument());
});

function envFiles(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter(
      ({ name, parentPath }) => name === 'env.ts' && !relative(root, parentPath).includes('node_modules'),
    )
    .map(({ name, parentPath }) => join(parentPath, name));
}
