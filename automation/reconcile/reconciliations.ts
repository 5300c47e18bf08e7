import { firstRow, type Queryable, storable } from '../store/database.ts';

/** When an area was last compared, and whether an operator has requested another comparison. */
export interface Reconciliation {
  readonly area: string;
  readonly asked: number;
  readonly answered: number;
  readonly askedDryRun: boolean;
  readonly startedAt: Date | null;
  readonly completedAt: Date | null;
  readonly durationMs: number | null;
  /** How many items and calls the comparison took, by source. */
  readonly looked: Readonly<Record<string, { readonly calls: number; readonly items: number }>>;
  /** Why the last comparison failed; null when it succeeded. */
  readonly failure: string | null;
}

const columns = `area, asked, answered, asked_dry_run as "askedDryRun", started_at as "startedAt",
  completed_at as "completedAt", duration_ms as "durationMs", looked, failure`;

/** Registers areas, so that comparisons of them can be requested. */
export async function ensureAreas(db: Queryable, areas: readonly string[]): Promise<void> {
  await db.query(
    'insert into tenantry.reconciliation (area) select unnest($1::text[]) on conflict do nothing',
    [areas],
  );
}

export async function listReconciliations(db: Queryable): Promise<Reconciliation[]> {
  return (await db.query<Reconciliation>(`select ${columns} from tenantry.reconciliation order by area`))
    .rows;
}

/** Requests a comparison of every area. */
export async function askReconciliation(
  db: Queryable,
  options: { dryRun: boolean },
): Promise<Reconciliation[]> {
  const { rows } = await db.query<Reconciliation>(
    `update tenantry.reconciliation set asked = asked + 1, asked_dry_run = $1 returning ${columns}`,
    [options.dryRun],
  );
  return rows;
}

/** Finds the area if a comparison was requested or its time has come. */
export async function findDue(
  db: Queryable,
  area: string,
  options: { now: Date; intervalMs: number },
): Promise<Reconciliation | null> {
  return firstRow(
    await db.query<Reconciliation>(
      `select ${columns} from tenantry.reconciliation
       where area = $1 and (asked > answered or started_at is null
         or started_at <= $2::timestamptz - $3 * interval '1 ms')`,
      [area, options.now, options.intervalMs],
    ),
  );
}

export async function beginReconciliation(db: Queryable, area: string, at: Date): Promise<void> {
  await db.query('update tenantry.reconciliation set started_at = $2 where area = $1', [area, at]);
}

/** Records how a comparison ended. It answers every request that came before it began. */
export async function endReconciliation(
  db: Queryable,
  { area, asked }: Pick<Reconciliation, 'area' | 'asked'>,
  end: Pick<Reconciliation, 'durationMs' | 'looked' | 'failure'> & { at: Date },
): Promise<void> {
  await db.query(
    `update tenantry.reconciliation set answered = greatest(answered, $2), duration_ms = $3, failure = $5,
       looked = case when $5::text is null then $4::jsonb else looked end,
       completed_at = case when $5::text is null then $6::timestamptz else completed_at end
     where area = $1`,
    [
      area,
      asked,
      end.durationMs,
      JSON.stringify(end.looked),
      end.failure === null ? null : storable(end.failure),
      end.at,
    ],
  );
}
