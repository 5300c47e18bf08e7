/** What the API answers about onboarding and ends, and to whom. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OffboardingView } from '../../api/contract/offboarding.ts';
import { insertReceipt, publishReceiptKey } from '../../automation/offboarding/receipts.ts';
import { signingKeyOf } from '../../automation/offboarding/signing-key.ts';
import { type Service, startService } from '../support/service.ts';
import { addTenant } from '../support/tenant-rows.ts';

let service: Service;
let owner: string;
let stranger: string;
beforeAll(async () => {
  service = await startService();
  owner = await service.identity.token('ada', 'tenant');
  stranger = await service.identity.token('eve', 'tenant');
});
afterAll(() => service?.stop());

describe('onboarding', () => {
  const acme = { name: 'Acme & Co.', slug: 'acme', adminEmail: 'ada@acme.example' };
  const onboard = (body: unknown, token?: string) =>
    service.request('POST', '/v1/onboardings', { body, ...(token && { token }) });

  test('says what it made; again, that all was there', async () => {
    const first = await onboard(acme);
    expect(first).toMatchObject({
      status: 201,
      body: {
        organization: { name: 'Acme & Co.', slug: 'acme', customerId: expect.stringMatching(/^cus_/) },
        admins: ['ada@acme.example'],
        mail: { state: 'pending', recipient: 'ada@acme.example' },
        made: ['organization', 'admin', 'customer', 'mail'],
      },
    });
    expect(await onboard({ ...acme, adminEmail: 'ADA@acme.example' })).toMatchObject({
      status: 200,
      body: { made: [] },
    });
  });

  test.each([
    ['no admin', { adminEmail: undefined }, /adminEmail/],
    ['an admin without an address', { adminEmail: 'ada' }, /adminEmail: must be an e-mail address/],
    ['a second header in the address', { adminEmail: 'a@b.example\r\nBcc: c@d.example' }, /adminEmail/],
    ['a slug that is no name', { slug: 'Acme!' }, /slug: must be/],
    ['a name of blanks', { name: '  ' }, /name: must not be empty/],
    ['a line break in the name', { name: 'Acme\nBcc: x' }, /name: must not hold/],
    ['a member that nobody knows', { role: 'owner' }, /role/],
  ])('with %s is refused, and says why', async (_what, wrong, why) => {
    expect(await onboard({ ...acme, ...wrong })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request', detail: expect.stringMatching(why) },
    });
  });

  test('of another organization under a taken name is refused; tenants onboard nobody', async () => {
    expect(await onboard({ ...acme, name: 'Others' })).toMatchObject({
      status: 409,
      body: { code: 'name_taken' },
    });
    expect(await onboard(acme, owner)).toMatchObject({ status: 403 });
    const query = 'slug=acme&adminEmail=ada@acme.example';
    expect(await service.request('GET', `/v1/onboardings?${query}`, { token: owner })).toMatchObject({
      status: 403,
    });
    expect(await service.request('GET', `/v1/onboardings?${query}`)).toMatchObject({ status: 200 });
  });
});

describe('a tenant’s end', () => {
  const suspended = { phase: 'suspended', desired_state: 'suspended', observed_state: 'suspended' };
  const ask = (method: string, id: string, rest: string, token: string) =>
    service.request(method, `/v1/tenants/${id}/${rest}`, { token });

  test('can be asked for once the subscription has ended, by the owner; then it is shown step by step', async () => {
    const paying = await addTenant(service.database, { owner: 'ada' });
    expect(await ask('POST', paying.id, 'offboarding', owner)).toMatchObject({
      status: 409,
      body: { detail: expect.stringMatching(/Cancel it first/) },
    });
    const ended = await addTenant(service.database, {
      owner: 'ada',
      set: { ...suspended, delete_after: new Date(Date.now() + 86_400_000) },
    });
    expect(await ask('GET', ended.id, 'offboarding', owner)).toMatchObject({ status: 409 });
    const begun = await ask('POST', ended.id, 'offboarding', owner);
    expect(begun.status).toBe(202);
    expect((begun.body as OffboardingView).steps.map(({ step, state }) => `${step} ${state}`)).toEqual([
      'export waiting',
      'backup waiting',
      'destroy waiting',
      'verify waiting',
      'receipt waiting',
    ]);
    expect(await ask('POST', ended.id, 'offboarding', owner)).toMatchObject({ status: 202 });
    const open = await service.request('GET', '/v1/offboardings');
    expect(open).toMatchObject({ status: 200, body: { offboardings: [{ tenantId: ended.id }] } });
    expect(await service.request('GET', '/v1/offboardings', { token: owner })).toMatchObject({ status: 403 });
    expect(await ask('GET', ended.id, 'receipt', owner)).toMatchObject({
      status: 409,
      body: { code: 'not_ready' },
    });
  });

  test('is nobody else’s to see, with its exports and its receipt', async () => {
    const { id } = await addTenant(service.database, {
      owner: 'ada',
      set: { ...suspended, desired_state: 'deleted' },
    });
    for (const [method, rest] of [
      ['GET', 'offboarding'],
      ['POST', 'offboarding'],
      ['GET', 'receipt'],
      ['GET', 'exports'],
      ['POST', 'exports'],
      ['GET', 'exports/1/file'],
    ] as const)
      expect(await ask(method, id, rest, stranger), rest).toMatchObject({ status: 404 });
  });

  test('ends with a receipt whose key anybody can read', async () => {
    const { id } = await addTenant(service.database, {
      owner: 'ada',
      set: { ...suspended, desired_state: 'deleted' },
    });
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
    const key = signingKeyOf(pem);
    await publishReceiptKey(service.database, { id: key.id, publicKey: key.publicKey });
    const { body } = await service.request('GET', '/v1/receipt-keys', { token: null });
    expect(body).toEqual({ keys: [key.publicKey] });
    expect(JSON.stringify(body)).not.toContain('"d"');
    const receipt = { tenantId: id, keyId: key.id, issuedAt: new Date(), document: {} };
    await insertReceipt(service.database, receipt);
    await expect(
      service.database.query('update tenantry.receipt set issued_at = now() where tenant_id = $1', [id]),
    ).rejects.toThrow(/final/);
  });

  test('an export is made one at a time, and is fetched by its owner alone once it is there', async () => {
    const mine = await addTenant(service.database, { owner: 'ada' });
    const asked = await ask('POST', mine.id, 'exports', owner);
    expect(asked).toMatchObject({ status: 202, body: { state: 'pending', reason: 'request' } });
    expect((await ask('POST', mine.id, 'exports', owner)).body).toEqual(asked.body);
    const { id } = asked.body as { id: number };
    expect(await ask('GET', mine.id, `exports/${id}/file`, owner)).toMatchObject({ status: 409 });
    const other = await addTenant(service.database, { owner: 'eve' });
    expect(await ask('GET', other.id, `exports/${id}/file`, stranger)).toMatchObject({ status: 404 });
  });
});
