/** How fast an application learns what a tenant may do now, and how fast a use is reserved. */
import { createKey } from '../../../automation/keys/index.ts';
import { operateLedger } from '../../../automation/ledger/book.ts';
import { ensureCell } from '../../../automation/store/cells.ts';
import { addTenant } from '../../support/tenant-rows.ts';
import type { Installation } from '../installation.ts';
import { openLoop, type Request, startBareServer } from '../open-loop.ts';
import type { Row } from '../row.ts';
import { duration, summarize } from '../samples.ts';

const perSecond = 100;
const targetP99Ms = 5;
const warmUpSeconds = 3;
const tenants = 200;
const reservationsEach = 5;

export const entitlements: Row = {
  name: 'entitlements',
  async run({ quick, install, say }) {
    const installation = await install({ TENANTRY_SLOTS_PER_PRODUCT: '0' });
    const { endpoints, untilQuiet } = installation;
    const authorization = `Bearer ${await applicationKey(installation)}`;
    const ids = await usedTenants(installation, authorization);
    await untilQuiet();

    const seconds = quick ? 3 : 20;
    const bare = await startBareServer();
    const asked = await asks(endpoints.api, authorization, ids, perSecond * seconds);
    const whole = asked.map((ask) => ask.whole);
    const warming = whole.slice(0, perSecond * warmUpSeconds);
    await openLoop(bare.url, warming, perSecond);
    const floor = await openLoop(bare.url, whole, perSecond).finally(bare.stop);
    await openLoop(endpoints.api, warming, perSecond);
    const fresh = await openLoop(endpoints.api, whole, perSecond);
    const unchanged = await openLoop(
      endpoints.api,
      asked.map((ask) => ask.conditional),
      perSecond,
    );
    const [freshMs, unchangedMs, floorMs] = [fresh, unchanged, floor].map(({ latencies }) =>
      summarize(latencies),
    ) as [ReturnType<typeof summarize>, ReturnType<typeof summarize>, ReturnType<typeof summarize>];
    const refused = fresh.refused + unchanged.refused;
    say(`200: p99 ${duration(freshMs.p99)}, 304: p99 ${duration(unchangedMs.p99)}, ${refused} refused`);
    return [
      {
        figure: `entitlements of a tenant at ${perSecond} requests/s for ${seconds} s (p99)`,
        measured: `${duration(freshMs.p99)}, unchanged (304) ${duration(unchangedMs.p99)} (p50 ${duration(freshMs.p50)}, ${duration(unchangedMs.p50)})`,
        target: duration(targetP99Ms),
        peer: `a server that only answers: ${duration(floorMs.p99)}`,
        met: freshMs.p99 < targetP99Ms && unchangedMs.p99 < targetP99Ms && refused === 0,
        notes: [
          `Open loop: ${whole.length} requests with an API key for ${tenants} tenants, each with use of this month, credits and ${reservationsEach} open reservations; then as many with the ETag, all answered 304. Latency counts from the time at which a request was to be sent; ${refused} were not answered as expected.`,
          `The sender itself was at most ${duration(Math.max(fresh.lateMs, unchanged.lateMs))} late. The peer shows what machine and sender cost.`,
        ],
        samples: { fresh_ms: freshMs, unchanged_ms: unchangedMs, only_answered_ms: floorMs },
        values: { refused },
      },
    ];
  },
};

async function applicationKey({ database }: Installation): Promise<string> {
  const { text } = await createKey(database, {
    name: 'bench',
    owner: { kind: 'service', product: null },
    scopes: ['entitlements:read', 'checks:write', 'usage:write'],
    expiresAt: null,
    createdBy: null,
  });
  return text;
}

/** Tenants of a cell without a worker, so that nobody works on them meanwhile, which have used a part of everything. */
async function usedTenants(
  { database, endpoints }: Installation,
  authorization: string,
): Promise<readonly string[]> {
  await ensureCell(database, { id: 'bench', region: 'local' });
  const ids: string[] = [];
  for (let n = 0; n < tenants; n += 1) {
    const { id } = await addTenant(database, {
      product: 'browsers',
      plan: 'professional',
      subscriptionId: `sub_bench_${n}`,
      set: { cell: 'bench', phase: 'active', observed_state: 'active', observed_generation: 1 },
    });
    await operateLedger(database, { op: 'top_up', tenant: id, cause: 'bench', amount: 5_000, until: null });
    ids.push(id);
  }
  const send = async (path: string, body: object) => {
    const answer = await fetch(`${endpoints.api}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  };
  const meter = 'browsers_sessions';
  await send('/v1/usage', { events: ids.map((tenant) => ({ id: 'bench', tenant, meter, quantity: 100 })) });
  for (const id of ids)
    for (let n = 0; n < reservationsEach; n += 1)
      await send(`/v1/tenants/${id}/check`, { key: `bench-${n}`, meter, holdSeconds: 86_400 });
  return ids;
}

/** Each request without and with the ETag of its answer. */
async function asks(
  url: string,
  authorization: string,
  ids: readonly string[],
  count: number,
): Promise<readonly { readonly whole: Request; readonly conditional: Request }[]> {
  const known = new Map<string, string>();
  for (const id of ids) {
    const answer = await fetch(`${url}/v1/tenants/${id}/entitlements`, { headers: { authorization } });
    await answer.arrayBuffer();
    known.set(id, answer.headers.get('etag') ?? '');
  }
  return Array.from({ length: count }, (_, index) => {
    const id = ids[(index * 7) % ids.length] ?? '';
    const request = { method: 'GET', path: `/v1/tenants/${id}/entitlements` } as const;
    return {
      whole: { ...request, headers: { authorization }, expected: [200] },
      conditional: {
        ...request,
        headers: { authorization, 'if-none-match': known.get(id) ?? '' },
        expected: [304],
      },
    };
  });
}
