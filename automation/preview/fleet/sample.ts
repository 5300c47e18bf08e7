/**
 * A fleet to rehearse on where no real one is reachable: a tenant of every plan and a suspended tenant of each product, which
 * the program before the change really makes.
 */

import { hostname } from 'node:os';
import { catalog } from '../../../tenants/catalog/index.ts';
import type { TenantSpec } from '../../../tenants/spec.ts';
import { newSpec, newTenantId } from '../../desired/index.ts';
import { changeTenant } from '../../followers.ts';
import type { OperationRequest, OperationResult, RunnerPool } from '../../stacks/index.ts';
import { ensureCell } from '../../store/cells.ts';
import type { Database } from '../../store/database.ts';
import { releaseLease, takeLease } from '../../store/leases.ts';
import { settleOperation } from '../../store/operations.ts';
import { insertTenant } from '../../store/tenants.ts';

/** Specs that differ as much as the catalog allows. */
export function sampleSpecs(cell: { readonly id: string; readonly region: string }): TenantSpec[] {
  return catalog.flatMap(({ id: product, plans }) =>
    plans.flatMap((plan, index) => {
      const tenantId = newTenantId();
      const spec = newSpec({
        tenantId,
        product,
        plan: plan.id,
        slug: `sample-${tenantId}`,
        cell: cell.id,
        region: cell.region,
        owner: 'sample',
        billingAccount: 'cus_sample',
        seats: 1,
        createdAt: new Date(),
      });
      if (index > 0) return [spec];
      const other = newTenantId();
      const suspended: TenantSpec = {
        ...spec,
        tenantId: other,
        slug: `sample-${other}`,
        namespace: spec.namespace.replaceAll(tenantId, other),
        state: 'suspended',
      };
      return [spec, suspended];
    }),
  );
}

const operationTimeoutMs = 120_000;

/**
 * Makes the tenants and their rows, several at once.
 * @throws Error with the engine's cause when one fails
 */
export async function standUp(
  specs: readonly TenantSpec[],
  { database, runners, engines }: { database: Database; runners: RunnerPool; engines: number },
): Promise<void> {
  for (const cell of new Map(specs.map((spec) => [spec.cell, spec.region]))) {
    await ensureCell(database, { id: cell[0], region: cell[1] });
  }
  const waiting = [...specs];
  const work = async () => {
    for (let spec = waiting.shift(); spec; spec = waiting.shift()) await standUpOne(spec, database, runners);
  };
  await Promise.all(Array.from({ length: engines }, work));
}

async function standUpOne(spec: TenantSpec, database: Database, runners: RunnerPool): Promise<void> {
  const runner = await runners.acquire();
  try {
    const run = async (request: OperationRequest) =>
      succeeded(
        spec,
        await runner.run(request, { timeoutMs: operationTimeoutMs, permitMs: operationTimeoutMs }),
      );
    const { initialised } = await run({ kind: 'init', tenantIds: [spec.tenantId] });
    const stackSettings = initialised?.[spec.tenantId];
    if (!stackSettings) throw new Error(`the stack of ${spec.tenantId} has no settings`);
    const { outputs } = await run({ kind: 'up', spec, stackSettings, refresh: false });
    const following = { followers: [], now: () => new Date() };
    const made = await changeTenant(database, following, null, (db) =>
      insertTenant(db, { spec, subscriptionId: null, slot: false, stackSettings }),
    );
    const lease = await takeLease(database, spec.tenantId, {
      holder: 'sample',
      host: hostname(),
      ttlMs: operationTimeoutMs,
    });
    if (!lease) throw new Error(`the lease of ${spec.tenantId} is taken`);
    await database.transaction((client) =>
      changeTenant(client, following, made, (db) =>
        settleOperation(db, lease, {
          phase: spec.state,
          state: spec.state,
          spec,
          generation: 1,
          outputs,
          applied: null,
        }),
      ),
    );
    await releaseLease(database, lease);
  } finally {
    runner.release();
  }
}

function succeeded(spec: TenantSpec, result: OperationResult) {
  if (result.outcome === 'succeeded') return result;
  const cause = result.outcome === 'failed' ? result.cause : `the engine ended: ${result.why}`;
  throw new Error(`the sample tenant of ${spec.product}, ${spec.plan}, could not be made: ${cause}`);
}
