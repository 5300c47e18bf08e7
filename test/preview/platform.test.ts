/** A real change of a platform program, against the state that the previous version left in a file backend. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { checkOutBase, UnknownBase } from '../../automation/preview/base-checkout.ts';
import { readPreviewEnv } from '../../automation/preview/env.ts';
import { markdownOf } from '../../automation/preview/markdown.ts';
import { previewPlatform } from '../../automation/preview/platform.ts';
import { previewChange } from '../../automation/preview/preview.ts';
import { openBlockers, type PreviewReport } from '../../automation/preview/report.ts';
import { newRepository, type Repository } from './repository.ts';

const project = {
  'Pulumi.yaml':
    'name: example\nmain: infra/index.ts\nruntime:\n  name: nodejs\n  options:\n    typescript: true\n',
  'Pulumi.dev.yaml': 'config:\n  aws:region: us-east-1\n  example:size: small\n',
  'Pulumi.prod.yaml': 'config:\n  aws:region: us-east-1\n  example:size: large\n',
  'package.json': '{ "name": "example", "type": "module" }\n',
  'tsconfig.json':
    '{ "compilerOptions": { "module": "nodenext", "target": "es2024", "allowImportingTsExtensions": true, "noEmit": true } }\n',
};

const program = (username: string, password: string, extra = '') => `
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';

const size = new pulumi.Config('example').require('size');
const large = size === 'large';
new aws.sns.Topic('alarms', { displayName: 'Alarms' });
new aws.rds.Instance('main', {
  instanceClass: 'db.t4g.large',
  engine: 'postgres',
  allocatedStorage: 20,
  username: large ? '${username}' : 'first',
  password: pulumi.secret(large ? '${password}' : 'another-secret-text'),
  tags: { size },
});
${extra}
`;

let repository: Repository;
let report: PreviewReport;

beforeAll(async () => {
  repository = await newRepository({ ...project, 'infra/index.ts': program('first', 'old-secret-text') });
  await repository.git('checkout', '--quiet', '-b', 'change');
  await repository.write({
    'infra/index.ts': program(
      'second',
      'new-secret-text',
      "if (large) new aws.s3.Bucket('reports', { bucket: 'reports' });",
    ),
  });
  report = await previewChange({
    env: readPreviewEnv({ ...process.env, TENANTRY_TOOL_PULUMI: inject('tools').pulumi }),
    root: repository.root,
    base: undefined,
    only: 'platform',
    stacks: [],
    providers: 'simulated',
    fleet: 'auto',
    allowed: [],
    // The rules of the policy have tests of their own.
    previewPlatform: (options) => previewPlatform({ ...options, checkRules: false }),
    onProgress: () => {},
  });
});
afterAll(() => repository.remove());

const stepsOf = (stack: string) => {
  const found = report.platform?.stacks.find((one) => one.stack === stack);
  return found?.kind === 'previewed' ? found.preview.steps : null;
};

describe('a change of the platform', () => {
  test('shows as a change, not as everything that there is', () => {
    expect(stepsOf('dev')).toEqual([]);
    expect(
      stepsOf('prod')
        ?.map(({ op, name }) => `${op} ${name}`)
        .sort(),
    ).toEqual(['create reports', 'replace main']);
  });

  test('that replaces a database blocks until somebody allows it', () => {
    expect(openBlockers(report)).toEqual([{ message: 'prod: database replaced', liftedBy: 'destructive' }]);
    expect(openBlockers({ ...report, allowed: ['destructive'] })).toEqual([]);
  });

  test('tells no secret', () => {
    expect(JSON.stringify(report)).not.toMatch(/secret-text/);
    const change = stepsOf('prod')
      ?.find(({ name }) => name === 'main')
      ?.changes.find(({ path }) => path === 'password');
    expect(change).toMatchObject({ secret: true });
  });

  test('reads well as a comment', async () => {
    const comment = markdownOf({ ...report, base: 'aaaaaaa', head: 'bbbbbbb', durationMs: 9000 });
    await expect(comment).toMatchFileSnapshot('comment-platform.md');
  });
});

describe('the base of a comparison', () => {
  test('is where the branch began, whatever happened on the base since', async () => {
    const branched = await repository.git('rev-parse', 'HEAD');
    await repository.git('stash', '--quiet');
    await repository.git('checkout', '--quiet', 'main');
    await repository.write({ 'infra/later.ts': '' });
    await repository.commit();
    await repository.git('checkout', '--quiet', 'change');
    await repository.git('stash', 'pop', '--quiet');
    const base = await checkOutBase(repository.root, 'main');
    expect(base.commit).toBe(branched);
    expect(existsSync(`${base.root}/infra/later.ts`)).toBe(false);
    await base.close();
  });

  test('leaves nothing behind', async () => {
    const base = await checkOutBase(repository.root, undefined);
    await base.close();
    expect(existsSync(base.root)).toBe(false);
    expect(await repository.git('worktree', 'list')).not.toContain(base.root);
  });

  test.each(['no-such-branch', '--upload-pack=touch', 'HEAD:infra'])('%s is not one', async (ref) => {
    await expect(checkOutBase(repository.root, ref)).rejects.toThrow(UnknownBase);
  });
});
