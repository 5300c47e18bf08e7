/**
 * `npm test`: formatting and lint, types, the page's build, then every test. A step that fails does not keep the later
 * ones from running; a tool that cannot be had does. The last line counts the tests; anything failed makes the exit
 * code 1.
 */
import { spawn } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { z } from 'zod';
import { readToolchainEnv } from '../automation/toolchain/env.ts';
import { toolNames } from '../automation/toolchain/pins.ts';
import { ensureTools } from '../automation/toolchain/tools.ts';

const root = join(import.meta.dirname, '..');
const binaries = join(root, 'node_modules', '.bin');

const slowestFiles = 10;

const reportSchema = z.object({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      startTime: z.number(),
      endTime: z.number(),
      assertionResults: z.array(z.object({ fullName: z.string(), status: z.string() })),
    }),
  ),
});

interface Step {
  name: string;
  program: string;
  args: string[];
}

process.exitCode = await main(process.argv.slice(2));

async function main(testArguments: string[]): Promise<number> {
  try {
    await ensureTools(toolNames, { env: readToolchainEnv(), onProgress: say });
  } catch (error) {
    // What follows would only say it again at greater length.
    say(error instanceof Error ? error.message : String(error));
    console.log('0 passed, 1 failed');
    return 1;
  }
  const failed: string[] = [];
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-report-'));
  const report = join(folder, 'report.json');
  const steps: Step[] = [
    { name: 'formatting and lint', program: 'biome', args: ['check', '.'] },
    {
      name: 'types',
      program: 'tsc',
      // What is known of the last run makes the next one quick.
      args: [
        '--noEmit',
        '--incremental',
        '--tsBuildInfoFile',
        'node_modules/.cache/tenantry/types.tsbuildinfo',
      ],
    },
    ...((await exists(join(root, 'api/dashboard/vite.config.ts')))
      ? [
          {
            name: 'page',
            program: 'vite',
            args: ['build', '--config', 'api/dashboard/vite.config.ts', '--logLevel', 'warn'],
          },
        ]
      : []),
    {
      name: 'tests',
      program: 'vitest',
      args: ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...testArguments],
    },
  ];
  for (const step of steps) {
    const begun = Date.now();
    const code = await run(step);
    say(
      `${step.name}: ${code === 0 ? 'passed' : `FAILED (${code})`} in ${((Date.now() - begun) / 1000).toFixed(1)} s`,
    );
    if (code !== 0) failed.push(step.name);
  }
  if (failed.length > 0) console.log(`Failed: ${failed.join(', ')}`);
  console.log((await summaryLines(report)).join('\n'));
  await rm(folder, { recursive: true, force: true });
  return failed.length > 0 ? 1 : 0;
}

/** The files that took longest, and every test that was skipped, by name; last the count. */
async function summaryLines(report: string): Promise<string[]> {
  const text = await readFile(report, 'utf8').catch(() => undefined);
  // Without a report nothing ran to its end, which is no success.
  if (text === undefined) return ['0 passed, 1 failed'];
  const counts = reportSchema.parse(JSON.parse(text));
  // A file that does not even load has no tests to count.
  const broken = counts.testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const slowest = counts.testResults
    .map(({ name, startTime, endTime }) => ({ file: relative(root, name), ms: endTime - startTime }))
    .sort((one, other) => other.ms - one.ms)
    .slice(0, slowestFiles)
    .map(({ file, ms }) => `Slowest: ${(ms / 1000).toFixed(1)} s in ${file}`);
  const skipped = counts.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => !['passed', 'failed'].includes(status))
      .map(({ fullName }) => `Skipped: ${relative(root, name)}: ${fullName}`),
  );
  const line = `${counts.numPassedTests} passed, ${counts.numFailedTests + broken} failed`;
  return [...slowest, ...skipped, skipped.length > 0 ? `${line}, ${skipped.length} skipped` : line];
}

function run(step: Step): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(join(binaries, step.program), step.args, { cwd: root, stdio: 'inherit' });
    const forward = (signal: NodeJS.Signals) => child.kill(signal);
    process.on('SIGINT', forward);
    process.on('SIGTERM', forward);
    const settle = (code: number) => {
      process.off('SIGINT', forward);
      process.off('SIGTERM', forward);
      resolve(code);
    };
    child.once('error', (error) => {
      say(`${step.program} cannot be started: ${error.message}`);
      settle(1);
    });
    child.once('exit', (code) => settle(code ?? 1));
  });
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function say(text: string): void {
  process.stderr.write(`tenantry: ${text}\n`);
}
