import type { Plan, Runtime } from '../../tenants/catalog/types.ts';

/** What the pod of one product is held to. */
export interface Demands {
  readonly runtime: Runtime;
  /** The user that every container of a tenant runs as. */
  readonly userId: number;
  /** The plan whose size a pod must fit into, or null to leave sizes out. */
  readonly plan: Plan | null;
}
