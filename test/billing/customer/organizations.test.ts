import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureCustomer } from '../../../automation/organizations/customer.ts';
import {
  bindMember,
  ensurePersonalOrganization,
  findOrganization,
  forgetCustomer,
  insertOrganization,
  listMembers,
  listOrganizationsOf,
  type Organization,
  putMember,
  removeMember,
} from '../../../automation/organizations/organizations.ts';
import { type Account, startAccount } from '../../support/stripe.ts';

let account: Account;
beforeAll(async () => {
  account = await startAccount();
});
afterAll(() => account?.stop());

async function company(slug: string): Promise<Organization> {
  const made = await insertOrganization(account.database, {
    name: `${slug} & Söhne`,
    slug,
    billingEmail: `bills@${slug}.example`,
  });
  if (!made) throw new Error(`${slug} is taken`);
  return made;
}

async function customersOf(organization: Organization): Promise<string[]> {
  const { data } = await account.stripe.customers.list({ limit: 100 });
  return data.flatMap(({ id, metadata }) => (metadata.tenantry_organization === organization.id ? [id] : []));
}

describe('an organization', () => {
  test('has one Stripe customer, however many ask for it at once', async () => {
    const acme = await company('acme');
    const given = await Promise.all(
      Array.from({ length: 12 }, () => ensureCustomer(account.stripe, account.database, acme)),
    );
    expect(new Set(given).size).toBe(1);
    expect(await customersOf(acme)).toEqual([given[0]]);
    const kept = await findOrganization(account.database, { customerId: given[0] ?? '' });
    expect(kept).toMatchObject({ id: acme.id, customerId: given[0] });
    expect(await account.stripe.customers.retrieve(given[0] ?? '')).toMatchObject({
      name: 'acme & Söhne',
      email: 'bills@acme.example',
    });
  });

  test('finds its customer again after whoever made it died before noting it, at once and much later', async () => {
    const { database, stripe, simulator } = account;
    const lost = await company('lost');
    const made = await ensureCustomer(stripe, database, lost);
    const forget = () =>
      database.query('update tenantry.organization set customer_id = null where id = $1', [lost.id]);
    await forget();
    expect(await ensureCustomer(stripe, database, lost)).toBe(made);

    await forget();
    // Another key stands for one that Stripe has forgotten meanwhile.
    await database.query('update tenantry.organization set customers_lost = 7 where id = $1', [lost.id]);
    await simulator.advanceClock({ seconds: 120 });
    const later = await findOrganization(database, { id: lost.id });
    expect(await ensureCustomer(stripe, database, later ?? lost)).toBe(made);
    expect(await customersOf(lost)).toEqual([made]);
  });

  test('gets another customer once its own was deleted at Stripe', async () => {
    const { database, stripe } = account;
    const gone = await company('gone');
    const first = await ensureCustomer(stripe, database, gone);
    await stripe.customers.del(first);
    await forgetCustomer(database, first);
    const after = await findOrganization(database, { id: gone.id });
    const second = await ensureCustomer(stripe, database, after ?? gone);
    expect(second).not.toBe(first);
    expect(await customersOf(gone)).toEqual([second]);
  });

  test('keeps its name to itself', async () => {
    await company('only');
    expect(await insertOrganization(account.database, { name: 'Other', slug: 'only' })).toBeNull();
    expect(
      await insertOrganization(account.database, { name: 'Other', slug: 'another', claim: 'only' }),
    ).toBeNull();
  });
});

describe('a person', () => {
  const ada = { subject: 'ada', email: 'Ada@example.com' };

  test('without an organization gets one alone, with the customer they paid with before', async () => {
    const { database } = account;
    await database.query(
      "insert into tenantry.subscription (id, owner, customer_id) values ('sub_ada', 'ada', 'cus_ada')",
    );
    const made = await Promise.all(
      Array.from({ length: 8 }, () => ensurePersonalOrganization(database, ada)),
    );
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
    expect(made[0]).toMatchObject({ customerId: 'cus_ada', claim: null, personalOf: 'ada' });
  });

  test('has the rights that an invitation gave, also under another address once they came', async () => {
    const { database } = account;
    const guild = await company('guild');
    const invited = await putMember(database, guild.id, { email: 'ADA@example.com' }, 'viewer');
    const rolesOf = async (person: { subject: string; email: string | null }) =>
      (await listOrganizationsOf(database, person))
        .filter(({ id }) => id === guild.id)
        .map(({ role }) => role);
    expect(await rolesOf(ada)).toEqual(['viewer']);
    await bindMember(database, ada);
    expect(await rolesOf({ ...ada, email: null })).toEqual(['viewer']);
    // The address now belongs to somebody else.
    expect(await rolesOf({ subject: 'eve', email: 'ada@example.com' })).toEqual([]);

    expect(await putMember(database, guild.id, { email: null, subject: 'ada' }, 'admin')).toMatchObject({
      id: invited.id,
      role: 'admin',
    });
    expect(await listMembers(database, guild.id)).toHaveLength(1);
    expect(await removeMember(database, guild.id, invited.id)).toBe(true);
    expect(await rolesOf(ada)).toEqual([]);
    expect(await removeMember(database, guild.id, invited.id)).toBe(false);
  });
});
