import { expect, test } from 'vitest';
import { run } from '../../cli/run.ts';

async function tenantry(...args: string[]) {
  let out = '';
  let err = '';
  const env = { home: '/nonexistent', token: undefined, stripeSecretKey: undefined };
  const code = await run(args, () => env, {
    out: { write: (text: string) => (out += text) },
    err: { write: (text: string) => (err += text) },
  });
  return { code, out, err };
}

test('a base that is no commit is an error of its own, said in one sentence', async () => {
  const { code, out, err } = await tenantry('preview', '--base', 'no-such-branch');
  expect(code).toBe(5);
  expect(out).toBe('');
  expect(err).toMatch(/^There is no commit that no-such-branch and the working tree have in common/);
});

test('with --json the error is a document too', async () => {
  const { code, out } = await tenantry('preview', '--base', 'no-such-branch', '--json');
  expect(code).toBe(5);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'unknown_base' } });
});

test.each([
  ['--allow', 'everything'],
  ['--format', 'html'],
  ['--only', 'tenants'],
])('%s takes no %s', async (option, value) => {
  expect((await tenantry('preview', option, value)).code).toBe(2);
});
