import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { checkProgram } from '../../automation/product-check/index.ts';
import { demands } from './demands.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A program that serves `/ready` and `/live`, says what it read from the tenant's file, and ends as told. */
async function run(options: { onTerm?: string; paths?: string; grace?: number } = {}) {
  const port = await freePort();
  const program = `
    const tenant = JSON.parse(require('node:fs').readFileSync(process.env.TENANTRY_TENANT_FILE, 'utf8'));
    if (tenant.tenantId !== 'checked1' || process.env.TENANTRY_TENANT_ID !== 'checked1') process.exit(3);
    ${options.onTerm ?? "process.on('SIGTERM', () => process.exit(0));"}
    require('node:http').createServer((request, response) =>
      response.writeHead(${options.paths ?? "['/ready', '/live'].includes(request.url)"} ? 200 : 503).end()
    ).listen(${port});`;
  const runtime = {
    ...demands.runtime,
    ports: [{ name: 'http', port }],
    terminationGraceSeconds: options.grace ?? 5,
  };
  return checkProgram(
    [process.execPath, '-e', program],
    { ...demands, runtime },
    {
      environment: process.env,
      tenant: { tenantId: 'checked1' },
    },
  );
}

test('a program that answers its probes and ends on SIGTERM has good marks', async () => {
  const verdicts = await run();
  expect(verdicts.map(({ rule, outcome }) => `${rule} ${outcome}`)).toEqual(['probes ok', 'termination ok']);
});

test('a program that does not end on SIGTERM is told so, and is ended', async () => {
  const verdicts = await run({ onTerm: "process.on('SIGTERM', () => {});", grace: 1 });
  expect(verdicts.at(-1)).toMatchObject({ rule: 'termination', outcome: 'problem' });
  expect(verdicts.at(-1)?.message).toContain('still runs 1 s after SIGTERM');
});

test('a program that ends at once, or cannot be started, says how', async () => {
  expect(await run({ onTerm: 'process.exit(7);' })).toMatchObject([
    { rule: 'start', outcome: 'problem', message: 'ended with code 7 before it answered' },
  ]);
  const verdicts = await checkProgram(['/no/such/program'], demands, {
    environment: process.env,
    tenant: { tenantId: 'checked1' },
  });
  expect(verdicts[0]?.message).toContain('cannot be started');
});

test('a port that is taken is no fault of the program, and says so', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const runtime = { ...demands.runtime, ports: [{ name: 'http', port }] };
  const [verdict] = await checkProgram(
    ['true'],
    { ...demands, runtime },
    { environment: process.env, tenant: { tenantId: 'checked1' } },
  );
  await new Promise((resolve) => server.close(resolve));
  expect(verdict?.message).toContain(`something else listens on ${port} already`);
});
