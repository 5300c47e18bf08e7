import type { Plan, Runtime } from '../../tenants/catalog/types.ts';

/** What a product demands of its pod. */
export interface Demands {
  readonly runtime: Runtime;
  /** The user that every container of a tenant runs as. */
  readonly userId: number;
  /** The plan whose size the pod must fit into; null to leave sizes out. */
  readonly plan: Plan | null;
}
