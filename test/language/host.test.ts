import { afterAll, beforeAll, expect, test } from 'vitest';
import { requiredPackages } from '../../automation/language/packages.ts';
import { newProject, newPulumiUser, type PulumiUser } from '../support/pulumi-project.ts';

/** The CLI of users, which finds the served host as it finds the official one: on the PATH. */

let user: PulumiUser;

beforeAll(async () => {
  user = await newPulumiUser();
});

afterAll(async () => {
  await user?.close();
});

const newStack = async (folder: string, name: string): Promise<void> => {
  const made = await user.pulumi(folder, 'stack', 'init', name, '--secrets-provider', 'hashivault://test');
  expect(made.exitCode, made.text).toBe(0);
};

test('a program knows its project, stack, configuration and folder, and what it prints is seen', async () => {
  const folder = await newProject({
    'program/index.ts': `
      import * as pulumi from '@pulumi/pulumi';
      import { greeting } from './greeting.ts';
      const config = new pulumi.Config();
      console.log(greeting, pulumi.runtime.isDryRun() ? 'in a preview' : 'for real');
      export const told = [pulumi.getProject(), pulumi.getStack(), config.require('size'), process.cwd().split('/').at(-1)];
      export const password = config.requireSecret('password');
    `,
    'program/greeting.ts': `export const greeting: string = 'good morning';`,
  });
  await newStack(folder, 'dev');
  await user.pulumi(folder, 'config', 'set', 'size', '3');
  await user.pulumi(folder, 'config', 'set', '--secret', 'password', 'hunter2');

  const previewed = await user.pulumi(folder, 'preview', '--stack', 'dev');
  expect(previewed.exitCode, previewed.text).toBe(0);
  expect(previewed.text).toContain('good morning in a preview');

  const made = await user.pulumi(folder, 'up', '--stack', 'dev', '--yes', '--skip-preview');
  expect(made.exitCode, made.text).toBe(0);
  expect(made.text).toContain('good morning for real');
  expect(made.text).not.toContain('hunter2');
  const outputs = await user.pulumi(folder, 'stack', 'output', '--stack', 'dev', '--json');
  expect(JSON.parse(outputs.stdout)).toEqual({
    told: ['small', 'dev', '3', 'program'],
    password: '[secret]',
  });
});

test('a program that fails says why, and the command fails', async () => {
  const folder = await newProject({
    'program/index.ts': `throw new Error('the size must be even');`,
  });
  await newStack(folder, 'failing');
  const failed = await user.pulumi(folder, 'preview', '--stack', 'failing');
  expect(failed.exitCode).not.toBe(0);
  expect(failed.text).toContain('the size must be even');
});

test('the packages below a program are told with their plugins, nested ones too', async () => {
  const manifest = (name: string, version: string, pulumi: object) =>
    JSON.stringify({ name, version, pulumi });
  const folder = await newProject({
    'own/node_modules/@pulumi/aws/package.json': manifest('@pulumi/aws', '7.1.0', { resource: true }),
    'own/node_modules/@acme/cloud/package.json': manifest('@acme/cloud', '1.0.0', {
      resource: true,
      name: 'acme',
      server: 'https://example.com/plugins',
    }),
    'own/node_modules/@acme/cloud/node_modules/@pulumi/tls/package.json': manifest('@pulumi/tls', 'v5.0.0', {
      resource: true,
    }),
    'own/node_modules/plain/package.json': manifest('plain', '1.0.0', {}),
  });
  const found = await requiredPackages(`${folder}/own`);
  expect(found.sort((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
    { name: 'acme', version: 'v1.0.0', server: 'https://example.com/plugins' },
    { name: 'aws', version: 'v7.1.0', server: '' },
    { name: 'tls', version: 'v5.0.0', server: '' },
  ]);
});
