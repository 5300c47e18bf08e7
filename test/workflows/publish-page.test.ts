import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

const script = join(import.meta.dirname, '../../.github/scripts/publish-page.sh');
let folder: string;
let calls: string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-publish-'));
  const log = join(folder, 'calls');
  const program = async (name: string, text: string) => {
    await writeFile(join(folder, name), `#!/usr/bin/env bash\n${text}\n`);
    await chmod(join(folder, name), 0o755);
  };
  await program('aws', `echo "$@" >> "${log}"`);
  await program(
    'pulumi',
    `case "$1 $2 $3 $4 $5" in
      "stack output assetsBucket --stack prod") echo the-bucket;;
      "stack output distributionId --stack prod") echo E123;;
      "config get aws:region --stack prod") echo eu-west-1;;
      *) echo "error: not asked like this: $*" >&2; exit 255;;
    esac`,
  );
  await promisify(execFile)(script, ['prod'], {
    env: { ...process.env, PATH: [folder, dirname(process.execPath), process.env.PATH].join(delimiter) },
  });
  calls = (await readFile(log, 'utf8')).trim().split('\n');
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('files that never change are published before the page that names them', () => {
  expect(calls[0]).toMatch(
    /^s3 sync api\/dashboard\/dist\/assets s3:\/\/the-bucket\/assets --region eu-west-1 .*immutable$/,
  );
  expect(calls[1]).toMatch(
    /^s3 cp api\/dashboard\/dist s3:\/\/the-bucket --recursive .*--cache-control no-cache$/,
  );
});

test('nothing is published but the page', () => {
  expect(calls[1]).toContain('--exclude assets/* --exclude .sources');
});

test('CloudFront forgets the page before', () => {
  expect(calls[2]).toMatch(/^cloudfront create-invalidation --distribution-id E123 --paths \/ \/index.html/);
  expect(calls).toHaveLength(3);
});
