import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type RunningKeyService, startKeyService } from '../../automation/local/keys.ts';

const run = promisify(execFile);
let folder: string;
let keyFile: string;
let service: RunningKeyService;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-keys-'));
  keyFile = join(folder, 'keys', 'transit.json');
  service = await startKeyService({ keyFile });
});
afterEach(async () => {
  await service.stop();
  await rm(folder, { recursive: true, force: true });
});

async function call(action: 'encrypt' | 'decrypt', key: string, body: unknown, token = service.token) {
  const answer = await fetch(`${service.address}/v1/transit/${action}/${key}`, {
    method: 'PUT',
    headers: { 'x-vault-token': token },
    body: JSON.stringify(body),
  });
  const { data } = (await answer.json()) as { data?: { ciphertext?: string; plaintext?: string } };
  return { status: answer.status, ...data };
}

const plaintext = Buffer.from('a secret').toString('base64');

describe('the local key service', () => {
  test('keeps a stack’s secrets for the real Pulumi CLI, over a restart of the service', async () => {
    await mkdir(join(folder, 'state'));
    await writeFile(join(folder, 'Pulumi.yaml'), 'name: keys\nruntime: nodejs\n');
    const pulumi = async (...args: string[]) => {
      const env = {
        PATH: '/usr/bin:/bin',
        HOME: folder,
        VAULT_ADDR: service.address,
        VAULT_TOKEN: service.token,
        PULUMI_BACKEND_URL: `file://${folder}/state`,
        PULUMI_SKIP_UPDATE_CHECK: 'true',
      };
      return (
        await run(inject('tools').pulumi, [...args, '--non-interactive'], { cwd: folder, env })
      ).stdout.trim();
    };
    await pulumi('stack', 'init', 'organization/keys/dev', '--secrets-provider', 'hashivault://tenantry');
    await pulumi('config', 'set', '--secret', 'password', 'correct horse', '--stack', 'dev');
    await service.stop();
    service = await startKeyService({ keyFile });
    expect(await pulumi('config', 'get', 'password', '--stack', 'dev')).toBe('correct horse');
    expect(await readFile(join(folder, 'Pulumi.dev.yaml'), 'utf8')).not.toContain('correct horse');
  });

  test('keeps key and token in a file for its owner alone', async () => {
    expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
  });

  test('answers nobody without the token', async () => {
    expect(await call('encrypt', 'a', { plaintext }, 'guess')).toEqual({ status: 403 });
  });

  test('has a key of its own for each name, and notices a changed ciphertext', async () => {
    const { ciphertext = '' } = await call('encrypt', 'a', { plaintext });
    expect(await call('decrypt', 'a', { ciphertext })).toEqual({ status: 200, plaintext });
    expect(await call('decrypt', 'b', { ciphertext })).toEqual({ status: 400 });
    const changed = `${ciphertext.slice(0, -6)}${ciphertext.at(-6) === 'A' ? 'B' : 'A'}${ciphertext.slice(-5)}`;
    expect(await call('decrypt', 'a', { ciphertext: changed })).toEqual({ status: 400 });
    expect(await call('decrypt', 'a', { ciphertext: 'vault:v1:AAAA' })).toEqual({ status: 400 });
  });

  test('does not start with a damaged key file, rather than make a new key', async () => {
    await writeFile(keyFile, '{"key": "');
    await expect(startKeyService({ keyFile })).rejects.toThrow();
  });
});
