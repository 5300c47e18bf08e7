import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, inject, test } from 'vitest';
import { parse } from 'yaml';
import { pins } from '../../automation/toolchain/pins.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = join(root, '.github', 'workflows');

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Job {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly if?: string;
  readonly uses?: string;
  readonly steps?: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions?: unknown;
  readonly concurrency?: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}

const names = await readdir(folder);
const texts = new Map(
  await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')] as const)),
);
const workflow = (name: string) => parse(texts.get(name) ?? '') as Workflow;

test('actionlint finds nothing wrong', async () => {
  const { stdout } = await run(inject('tools').actionlint, ['-no-color'], { cwd: root }).catch(
    (error) => error,
  );
  expect(stdout).toBe('');
});

describe.each(names)('%s', (name) => {
  const { permissions, jobs } = workflow(name);
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? []);

  test('gives no right to a job that does not name it', () => {
    expect(permissions).toEqual({});
    for (const job of Object.values(jobs)) expect(job.permissions, JSON.stringify(job)).toBeDefined();
  });

  test('uses every action by the digest of its commit', () => {
    for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    for (const [line] of (texts.get(name) ?? '').matchAll(/uses: [\w-]+\/.*/g))
      expect(line, 'its version is told, for readers and for updates').toMatch(/ # v\d+\.\d+\.\d+$/);
  });

  test('keeps no key: nothing but the token of the run', () => {
    expect(texts.get(name)).not.toMatch(/\bsecrets\b/);
    expect(texts.get(name)).not.toMatch(/aws-access-key-id|AWS_SECRET|PULUMI_ACCESS_TOKEN/i);
  });

  test('leaves no credentials in a checkout', () => {
    for (const step of steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))
      expect(step.with?.['persist-credentials']).toBe(false);
  });
});

describe('the preview of a pull request', () => {
  test('runs its code with no right but to read it', () => {
    const { on, jobs } = workflow('preview.yml');
    expect(Object.keys(on)).toEqual(['pull_request']);
    expect(Object.values(jobs).map((job) => job.permissions)).toEqual([{ contents: 'read' }]);
  });

  test('is never skipped, as a required check that was skipped counts as passed', () => {
    for (const job of Object.values(workflow('preview.yml').jobs)) expect(job.if).toBeUndefined();
  });

  test('is posted by a job that runs none of its code', () => {
    const { on, jobs } = workflow('preview-comment.yml');
    expect(Object.keys(on)).toEqual(['workflow_run']);
    const checkouts = Object.values(jobs)
      .flatMap((job) => job.steps ?? [])
      .filter(({ uses }) => uses?.startsWith('actions/checkout@'));
    expect(checkouts.map((step) => step.with?.ref)).toEqual([
      // biome-ignore lint/suspicious/noTemplateCurlyInString: an expression of GitHub's
      '${{ github.event.repository.default_branch }}',
    ]);
  });

  test('no workflow runs a pull request with the rights of the repository', () => {
    for (const name of names) expect(Object.keys(workflow(name).on)).not.toContain('pull_request_target');
  });
});

describe('a deployment', () => {
  test('takes the Pulumi that everything is tested with', async () => {
    const script = await readFile(join(root, '.github/scripts/install-pulumi.sh'), 'utf8');
    expect(script).toContain(`version=${pins.find(({ name }) => name === 'pulumi')?.version}\n`);
  });

  test('of a stack publishes the page and makes the cell known before it is looked at', () => {
    const { deploy } = workflow('deploy-stack.yml').jobs;
    const steps = (deploy?.steps ?? []).map(({ run = '' }) => run);
    const at = (text: string) => steps.findIndex((step) => step.includes(text));
    const order = [
      // Not in the runner's copy of the settings, which ends with it.
      'aws ssm put-parameter',
      'pulumi up --stack "$STACK"',
      '.github/scripts/publish-page.sh "$STACK"',
      'node cli/main.ts cells sync --stdin',
      'test/smoke/main.ts',
    ].map(at);
    expect(order).not.toContain(-1);
    expect(order).toEqual(order.toSorted((a, b) => a - b));
  });

  test('notes the image where every stack that it deploys reads it, each in its own place', async () => {
    const { deploy } = workflow('deploy-stack.yml').jobs;
    const step = (deploy?.steps ?? []).find(({ run = '' }) => run.includes('pulumi up'))?.run ?? '';
    expect(step.indexOf('put-parameter')).toBeLessThan(step.indexOf('pulumi up'));
    expect(step).toContain('--path tenantry:controlPlane.imageParameter');
    expect(step).not.toContain('config set');
    const stacks = (await readdir(root)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    const parameters = stacks
      .filter((stack) => stack !== 'dev')
      .map(
        (stack) =>
          parse(readFileSync(join(root, `Pulumi.${stack}.yaml`), 'utf8')).config['tenantry:controlPlane']
            .imageParameter,
      );
    expect(parameters).not.toContain(undefined);
    expect(new Set(parameters).size).toBe(stacks.length - 1);
  });

  test('goes from staging over a canary to every stack of production', async () => {
    const { jobs } = workflow('deploy.yml');
    expect(Object.keys(jobs)).toEqual(['test', 'build', 'image', 'staging', 'canary', 'production']);
    const text = texts.get('deploy.yml') ?? '';
    const stacks = (await readdir(root)).flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? []);
    for (const stack of stacks.filter((one) => one !== 'dev')) expect(text).toContain(stack);
  });
});
