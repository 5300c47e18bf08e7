import { record } from '../store/audit.ts';
import { type Database, firstRow, onlyRow, type Queryable, storable } from '../store/database.ts';
import { type Page, pageQuery, textKey, timeKey } from '../store/pages.ts';
import { matchesEmail, matchesTenant } from '../store/tenant-list.ts';
import { ringTenant, type Tenant } from '../store/tenants.ts';

/** The steps of a tenant's end, in order. */
export const offboardingSteps = ['export', 'backup', 'destroy', 'verify', 'receipt'] as const;
export type OffboardingStep = (typeof offboardingSteps)[number];

export interface StepRecord {
  readonly step: OffboardingStep;
  /** How often the step has begun. */
  readonly attempt: number;
  readonly startedAt: Date;
  readonly finishedAt: Date | null;
  /** Null until the step has ended. */
  readonly result: Readonly<Record<string, unknown>> | null;
}

/** The journal of a tenant's end. */
export interface Offboarding {
  readonly tenantId: string;
  readonly cell: string;
  readonly begunAt: Date;
  /** Failed tries of the present step. */
  readonly attempts: number;
  readonly nextTryAt: Date | null;
  /** What it waits for, in words for the customer. */
  readonly problem: string | null;
  /** The cause, for operators. */
  readonly cause: string | null;
  readonly finishedAt: Date | null;
  /** The steps that have begun, in order. */
  readonly steps: readonly StepRecord[];
}

/** The right to end a step, until another process begins it again. */
export interface BegunStep {
  readonly tenantId: string;
  readonly step: OffboardingStep;
  readonly attempt: number;
}

/** Another process began or ended the step meanwhile, so this one writes nothing more. */
export class StepTakenOver extends Error {
  override readonly name = 'StepTakenOver';
  constructor({ tenantId, step }: Pick<BegunStep, 'tenantId' | 'step'>) {
    super(`the step ${step} of the end of ${tenantId} was taken over`);
  }
}

export async function findOffboarding(db: Queryable, tenantId: string): Promise<Offboarding | null> {
  const found = firstRow(
    await db.query<Omit<Offboarding, 'steps'>>(
      `select tenant_id as "tenantId", cell, begun_at as "begunAt", attempts, next_try_at as "nextTryAt", problem,
         cause, finished_at as "finishedAt"
       from tenantry.offboarding where tenant_id = $1`,
      [tenantId],
    ),
  );
  if (!found) return null;
  const { rows } = await db.query<StepRecord>(
    `select step, attempt, started_at as "startedAt", finished_at as "finishedAt", result
     from tenantry.offboarding_step where tenant_id = $1`,
    [tenantId],
  );
  const place = ({ step }: StepRecord) => offboardingSteps.indexOf(step);
  return { ...found, steps: rows.sort((a, b) => place(a) - place(b)) };
}

const stepMessages: Record<OffboardingStep, { begun: string; ended: string }> = {
  export: { begun: 'Its data is being exported before it is deleted', ended: 'The export is done' },
  backup: { begun: 'Its volumes are being backed up', ended: 'The backup is done' },
  destroy: { begun: 'It is being destroyed', ended: 'It is destroyed' },
  verify: { begun: 'We are checking whether anything of it remains', ended: 'Nothing of it remains' },
  receipt: { begun: 'The receipt is being signed', ended: 'The receipt is signed' },
};

/**
 * Records that a step begins, before it does anything.
 * @throws StepTakenOver when it has already ended
 */
export async function beginStep(
  database: Database,
  tenantId: string,
  step: OffboardingStep,
): Promise<BegunStep> {
  return database.transaction(async (client) => {
    const attempt = await drawAttempt(client, tenantId, step);
    // The journal counts tries; the audit trail mentions only the first.
    if (attempt === 1) await recordStep(client, { tenantId, step, attempt }, 'begun', {});
    return { tenantId, step, attempt };
  });
}

async function drawAttempt(db: Queryable, tenantId: string, step: OffboardingStep): Promise<number> {
  const drawn = firstRow(
    await db.query<{ attempt: number }>(
      `insert into tenantry.offboarding_step as s (tenant_id, step) values ($1, $2)
       on conflict (tenant_id, step) do update set attempt = s.attempt + 1, started_at = clock_timestamp()
         where s.finished_at is null
       returning attempt`,
      [tenantId, step],
    ),
  );
  if (!drawn) throw new StepTakenOver({ tenantId, step });
  return drawn.attempt;
}

/**
 * Records a step's end and its result, in one transaction with `together`.
 * @throws StepTakenOver when another process has begun the step meanwhile
 */
export async function finishStep(
  database: Database,
  begun: BegunStep,
  result: Readonly<Record<string, unknown>>,
  together: (client: Queryable) => Promise<void> = async () => {},
): Promise<void> {
  await database.transaction(async (client) => {
    await clearProblem(client, begun.tenantId);
    const { rowCount } = await client.query(
      `update tenantry.offboarding_step set finished_at = clock_timestamp(), result = $4
       where tenant_id = $1 and step = $2 and attempt = $3 and finished_at is null`,
      [begun.tenantId, begun.step, begun.attempt, JSON.stringify(result)],
    );
    if (rowCount !== 1) throw new StepTakenOver(begun);
    await together(client);
    await recordStep(client, begun, 'ended', result);
  });
}

async function clearProblem(db: Queryable, tenantId: string): Promise<void> {
  await db.query(
    `update tenantry.offboarding set attempts = 0, next_try_at = null, problem = null, cause = null where tenant_id = $1`,
    [tenantId],
  );
}

async function recordStep(
  client: Queryable,
  { tenantId, step, attempt }: BegunStep,
  what: 'begun' | 'ended',
  result: object,
): Promise<void> {
  // Without details, which the journal has: a customer's timeline must not show our addresses.
  await record(
    client,
    {
      tenantId,
      kind: `offboarding.${step}.${what}`,
      message: stepMessages[step][what],
      data: { step, attempt },
    },
    ...(what === 'ended'
      ? [
          {
            tenantId,
            kind: `offboarding.${step}.result`,
            message: step,
            data: { result },
            audience: 'operator',
          } as const,
        ]
      : []),
  );
}

/** Records why a step failed and when to try again. The audit trail mentions each cause once. */
export async function noteStepFailure(
  database: Database,
  begun: BegunStep,
  failure: { readonly problem: string; readonly cause: string; readonly nextTryAt: Date },
): Promise<void> {
  await database.transaction(async (client) => {
    const cause = storable(failure.cause);
    const before = firstRow(
      await client.query<{ cause: string | null }>(
        'select cause from tenantry.offboarding where tenant_id = $1 for update',
        [begun.tenantId],
      ),
    );
    const { rowCount } = await client.query(
      `update tenantry.offboarding o set attempts = o.attempts + 1, next_try_at = $4, problem = $5, cause = $6
       from tenantry.offboarding_step s
       where o.tenant_id = $1 and s.tenant_id = o.tenant_id and s.step = $2 and s.attempt = $3 and s.finished_at is null`,
      [begun.tenantId, begun.step, begun.attempt, failure.nextTryAt, failure.problem, cause],
    );
    if (rowCount !== 1) throw new StepTakenOver(begun);
    if (before?.cause === cause) return;
    const data = { step: begun.step, attempt: begun.attempt, nextTryAt: failure.nextTryAt };
    const kind = `offboarding.${begun.step}`;
    await record(
      client,
      { tenantId: begun.tenantId, kind: `${kind}.failed`, message: failure.problem, data },
      {
        tenantId: begun.tenantId,
        kind: `${kind}.cause`,
        message: failure.cause,
        data,
        audience: 'operator',
      },
    );
  });
}

/** In the order of locks, the tenant comes before its journal. */
async function lockTenant(client: Queryable, tenantId: string): Promise<void> {
  await client.query('select from tenantry.tenant where id = $1 for no key update', [tenantId]);
}

/** The reason code of a deletion that waits for its export. */
const exportedFirst = 'being_exported';

/** Lets the ordinary job destroy the tenant, and rings for it. Safe to repeat. */
export async function beginDestroy(database: Database, tenant: Pick<Tenant, 'id' | 'cell'>): Promise<void> {
  await database.transaction(async (client) => {
    // With this lock, a job that is about to postpone the deletion does so before this, or sees the step.
    await lockTenant(client, tenant.id);
    const { rowCount } = await client.query(
      `insert into tenantry.offboarding_step (tenant_id, step) values ($1, 'destroy') on conflict do nothing`,
      [tenant.id],
    );
    await client.query(
      `update tenantry.tenant set reason_code = null, reason_message = null, next_try_at = null
       where id = $1 and reason_code = $2`,
      [tenant.id, exportedFirst],
    );
    await ringTenant(client, tenant);
    if (rowCount === 1) {
      await recordStep(client, { tenantId: tenant.id, step: 'destroy', attempt: 1 }, 'begun', {});
    }
  });
}

/**
 * True when the tenant may be destroyed, because its journal says that export and backup are done. Otherwise calls
 * `postpone` with the reason and the time to wait, in the same transaction.
 */
export async function mayDestroy(
  database: Database,
  tenant: Pick<Tenant, 'id' | 'cell'>,
  postpone: (client: Queryable, why: { reasonCode: string; reasonMessage: string }) => Promise<void>,
): Promise<boolean> {
  return database.transaction(async (client) => {
    await lockTenant(client, tenant.id);
    const { may } = onlyRow(
      await client.query<{ may: boolean }>(
        `select exists (select from tenantry.offboarding_step where tenant_id = $1 and step = 'destroy') as may`,
        [tenant.id],
      ),
    );
    if (may) return true;
    await ringOffboarding(client, tenant);
    await postpone(client, {
      reasonCode: exportedFirst,
      reasonMessage: 'Its data is exported and backed up first; then it is deleted.',
    });
    return false;
  });
}

/** Ends the journal, in the transaction that writes the receipt. */
export async function finishOffboarding(db: Queryable, tenantId: string): Promise<void> {
  await db.query('update tenantry.offboarding set finished_at = clock_timestamp() where tenant_id = $1', [
    tenantId,
  ]);
}

/** Rings for the tenant's end. */
export async function ringOffboarding(db: Queryable, tenant: Pick<Tenant, 'id' | 'cell'>): Promise<void> {
  await db.query('select tenantry.ring_offboarding($1, $2)', [tenant.id, tenant.cell]);
}

/**
 * Lists tenants whose end is not over, longest waiting first, without those that the ordinary job is destroying. Selects by
 * the tenant's cell, because a disaster may have moved the tenant after the journal began.
 */
export async function listOpenOffboardings(
  db: Queryable,
  { cell, now, limit }: { cell: string; now: Date; limit: number },
): Promise<{ id: string; cell: string }[]> {
  const { rows } = await db.query<{ id: string; cell: string }>(
    `select t.id, t.cell from tenantry.offboarding o join tenantry.tenant t on t.id = o.tenant_id
     where t.cell = $1 and o.finished_at is null and (o.next_try_at is null or o.next_try_at <= $3)
       and (t.phase = 'deleted' or not exists (
         select from tenantry.offboarding_step s where s.tenant_id = o.tenant_id and s.step = 'destroy'))
       and not exists (select from tenantry.turn held
         where held.name = 'offboard:' || o.tenant_id and held.expires_at > clock_timestamp())
     order by o.next_try_at nulls first limit $2`,
    [cell, limit, now],
  );
  return rows;
}

const order = { id: textKey('o.tenant_id'), by: { begunAt: timeKey('o.begun_at') } };

/** Which ends of tenants; the filters but `state` are of the tenant. */
export interface EndFilter {
  readonly state: 'open' | 'finished';
  readonly product?: string | undefined;
  readonly plan?: string | undefined;
  readonly phase?: string | undefined;
  /** As `matchesTenant` and `matchesEmail` have it. */
  readonly q?: string | undefined;
}

/** Lists ends of tenants of all cells. */
export async function listEnds(
  db: Queryable,
  filter: EndFilter,
  page: Page<'begunAt'>,
): Promise<{ readonly id: string; readonly begunAt: Date }[]> {
  const { rows } = await db.query<{ id: string; begunAt: Date }>(
    ...pageQuery(
      `select o.tenant_id as id, o.begun_at as "begunAt" from tenantry.offboarding o
       join tenantry.tenant t on t.id = o.tenant_id
       where (o.finished_at is null) = ($1 = 'open') and ($2::text is null or t.product = $2)
         and ($3::text is null or t.desired_spec->>'plan' = $3) and ($4::text is null or t.phase = $4)
         and ($5::text is null or ${matchesTenant('$5')} or ${matchesEmail('$5')})`,
      [
        filter.state,
        filter.product ?? null,
        filter.plan ?? null,
        filter.phase ?? null,
        filter.q?.toLowerCase() ?? null,
      ],
      order,
      page,
    ),
  );
  return rows;
}

/** Clears the waiting time, because a person asks for another try. */
export async function retryOffboarding(db: Queryable, tenantId: string): Promise<void> {
  await db.query(
    'update tenantry.offboarding set next_try_at = null where tenant_id = $1 and finished_at is null',
    [tenantId],
  );
}

/** Lists every subscription that the tenant ever had, from its audit trail. */
export async function listSubscriptionsEver(db: Queryable, tenantId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select subscription_id as id from tenantry.tenant where id = $1 and subscription_id is not null
     union select subscription_id from tenantry.audit where tenant_id = $1 and subscription_id is not null order by 1`,
    [tenantId],
  );
  return rows.map(({ id }) => id);
}
