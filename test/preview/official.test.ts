/**
 * A preview with the account's own providers: the requests to the engine, and their environment. The engine is a
 * stand-in.
 */
import { chmod, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, test } from 'vitest';
import { readPreviewEnv } from '../../automation/preview/env.ts';
import { PlatformPreviewError, previewPlatform } from '../../automation/preview/platform.ts';
import { previewChange } from '../../automation/preview/preview.ts';
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { pins } from '../../automation/toolchain/pins.ts';

let folder: string;
let pulumi: string;

/** Notes how it was called and reports one resource, or fails as the engine does when nobody is logged in. */
beforeAll(async () => {
  folder = await mkdtemp(join(inject('runDir'), 'official-'));
  pulumi = join(folder, 'pulumi');
  const version = pins.find(({ name }) => name === 'pulumi')?.version;
  await writeFile(
    pulumi,
    `#!${process.execPath}
const { appendFileSync, writeFileSync } = require('node:fs');
const args = process.argv.slice(2);
if (args[0] === 'version') { console.log('v${version}'); process.exit(0); }
const { AWS_PROFILE, PULUMI_BACKEND_URL, PULUMI_DEBUG_PROVIDERS } = process.env;
appendFileSync('${folder}/calls', JSON.stringify({ args, cwd: process.cwd(), AWS_PROFILE, PULUMI_BACKEND_URL, PULUMI_DEBUG_PROVIDERS }) + '\\n');
if (PULUMI_BACKEND_URL === undefined) { console.error('error: PULUMI_ACCESS_TOKEN must be set'); process.exit(255); }
const urn = 'urn:pulumi:prod::tenantry::aws:sns/topic:Topic::alarms';
const metadata = { op: 'update', urn, type: 'aws:sns/topic:Topic', diffs: ['displayName'], detailedDiff: { displayName: { diffKind: 'update', inputDiff: true } },
  old: { urn, type: 'aws:sns/topic:Topic', id: 'x', inputs: { displayName: 'Old' }, outputs: {} },
  new: { urn, type: 'aws:sns/topic:Topic', inputs: { displayName: 'New' }, outputs: {} }, provider: '', logical: true };
writeFileSync(args[args.indexOf('--event-log') + 1], JSON.stringify({ resourcePreEvent: { metadata, planning: true } }) + '\\n');
console.log('~ alarms');
`,
  );
  await chmod(pulumi, 0o755);
});

const backend = { PULUMI_BACKEND_URL: 's3://state-of-the-account' };
const toolchain = (variables: Record<string, string>) =>
  readToolchainEnv({ PATH: '/usr/bin:/bin', HOME: folder, TENANTRY_TOOL_PULUMI: pulumi, ...variables });
const lastCall = async () => {
  const lines = (await readFile(join(folder, 'calls'), 'utf8')).trim().split('\n');
  return JSON.parse(lines.at(-1) ?? 'null');
};
const root = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

test('asks the state and the providers of the account, as whoever asks has them', async () => {
  const shown = await previewPlatform({
    stack: 'prod',
    providers: 'official',
    toolchain: toolchain({ ...backend, AWS_PROFILE: 'deploy' }),
  });
  expect(shown).toMatchObject({ stack: 'prod', providers: 'official', text: '~ alarms\n' });
  expect(shown.steps).toMatchObject([
    {
      op: 'update',
      name: 'alarms',
      changes: [{ path: 'displayName', kind: 'update', before: 'Old', after: 'New', secret: false }],
    },
  ]);
  const call = await lastCall();
  expect(call).toMatchObject({ cwd: root, AWS_PROFILE: 'deploy', ...backend });
  // No simulated provider stands in.
  expect(call).not.toHaveProperty('PULUMI_DEBUG_PROVIDERS');
  expect(call.args.slice(0, 2)).toEqual(['preview', '--diff']);
  expect(call.args).toEqual(expect.arrayContaining(['--stack', 'prod', '--non-interactive']));
});

test.each([
  { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' },
  { AWS_PROFILE: 'deploy' },
  { AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token' },
  { AWS_CONTAINER_CREDENTIALS_FULL_URI: 'http://169.254.170.23/v1/credentials' },
])('is chosen by itself where there are credentials: %o', async (credentials) => {
  const shown = await previewPlatform({
    stack: 'prod',
    toolchain: toolchain({ ...backend, ...credentials }),
  });
  expect(shown.providers).toBe('official');
});

test('is not chosen by itself without credentials, and names itself when it is asked for', () => {
  expect(readPreviewEnv({ PATH: '' }).hasAwsCredentials).toBe(false);
  expect(readPreviewEnv({ PATH: '', AWS_PROFILE: 'deploy' }).hasAwsCredentials).toBe(true);
});

test('fails with what the engine said when it cannot be had', async () => {
  const failed = previewPlatform({ stack: 'prod', providers: 'official', toolchain: toolchain({}) });
  await expect(failed).rejects.toThrow(PlatformPreviewError);
  await expect(failed).rejects.toThrow('PULUMI_ACCESS_TOKEN must be set');
});

test('records nothing: what is made in an account is made by `pulumi up`', async () => {
  await expect(
    previewPlatform({ stack: 'prod', providers: 'official', record: true, toolchain: toolchain(backend) }),
  ).rejects.toThrow('run `pulumi up`');
});

test.each([
  ['official', {}, 'official'],
  ['auto', { AWS_PROFILE: 'deploy' }, 'official'],
] as const)(
  'of a change, with --providers %s and %o, looks at the real state once and makes no base',
  async (providers, variables, expected) => {
    const asked: { providers?: string; stateDir?: string; projectDir?: string }[] = [];
    const report = await previewChange({
      env: readPreviewEnv({ ...process.env, AWS_PROFILE: '', ...variables }),
      root,
      base: 'HEAD',
      only: 'platform',
      stacks: ['dev'],
      providers,
      fleet: 'auto',
      allowed: [],
      previewPlatform: async (options) => {
        asked.push(options);
        return {
          stack: options.stack,
          providers: 'official',
          steps: [],
          unchanged: 3,
          diagnostics: [],
          text: '',
          durationMs: 1,
        };
      },
      onProgress: () => {},
    });
    expect(report.platform).toBeTruthy();
    for (const options of asked) {
      expect(options.providers).toBe(expected);
      expect(options.stateDir).toBeUndefined();
      expect(options.projectDir).toBe(root);
    }
  },
);
