/** Tenants as rows only, beside standing ones: as many as wanted, of the same shapes. */
import type { Queryable } from '../../automation/store/database.ts';

/** Adds `count` rows like the tenant's, under names of their own and without stacks. */
export async function multiply(database: Queryable, tenantId: string, count: number): Promise<void> {
  await database.query(
    `insert into tenantry.tenant (id, cell, product, owner, slug, namespace, created_at, desired_state, desired_spec,
       desired_generation, observed_state, observed_spec, observed_generation, outputs, phase)
     select copy.id, cell, product, owner, copy.slug, copy.namespace, created_at, desired_state,
       desired_spec || jsonb_build_object('tenantId', copy.id, 'slug', copy.slug, 'namespace', copy.namespace),
       1, observed_state, observed_spec, 1, outputs, phase
     from tenantry.tenant t, generate_series(1, $2::int) number,
       lateral (select substr(t.id, 1, 3) || lpad(number::text, 5, '0') as id) named,
       lateral (select named.id, 'c-' || named.id as slug,
         replace(replace(t.namespace, t.id, named.id), t.slug, 'c-' || named.id) as namespace) copy
     where t.id = $1`,
    [tenantId, count],
  );
}
