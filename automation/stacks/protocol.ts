import type { Product } from '../../tenants/catalog/types.ts';
import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import type { Cell } from '../../tenants/tenant.ts';
import type { Fingerprint, StackSettings } from '../store/tenants.ts';
import type { OfficialPlugin } from '../toolchain/index.ts';

/** One engine operation on one tenant's stack, as a worker asks a runner process for it. */
export type OperationRequest =
  /** Initialises stacks, which must not have resources. */
  | { readonly kind: 'init'; readonly tenantIds: readonly string[] }
  | {
      readonly kind: 'up';
      readonly spec: TenantSpec;
      readonly stackSettings: StackSettings;
      /** Reads the live objects first, so that drift is repaired. */
      readonly refresh: boolean;
    }
  | { readonly kind: 'destroy'; readonly spec: TenantSpec; readonly stackSettings: StackSettings }
  /** Reports what `up` would do, and does nothing: it needs no lease. */
  | { readonly kind: 'preview'; readonly spec: TenantSpec; readonly stackSettings: StackSettings };

/** What an engine would do with one resource. It puts `[secret]` in place of secrets. */
export interface EngineStep {
  /** The engine's own name of it: `create`, `update`, `replace`, … */
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly protected: boolean;
  readonly deletedFirst: boolean;
  /** Kind of difference by property path; null where the engine does not say. */
  readonly detailedDiff: Readonly<Record<string, string>> | null;
  /** Inputs before (null when it is created) and after (null when it is deleted). */
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

/** How many resources the engine created, updated, deleted, …; keys are the engine's operation names. */
export type ResourceChanges = Readonly<Record<string, number>>;

export type OperationResult =
  | {
      readonly outcome: 'succeeded';
      readonly outputs: TenantOutputs | null;
      /** Of an initialisation: each tenant's settings. */
      readonly initialised?: Readonly<Record<string, StackSettings>>;
      readonly changes: ResourceChanges;
      /** For an update: the objects' fingerprint as applied; null when the engine's state does not say. */
      readonly applied?: Fingerprint | null;
      /** Only of a preview: everything that would change, in the engine's order. */
      readonly steps?: readonly EngineStep[];
      readonly durationMs: number;
    }
  /** The engine ended by itself and reported why. */
  | {
      readonly outcome: 'failed';
      readonly cause: string;
      readonly durationMs: number;
      /** False when something exists that the engine's state does not know. */
      readonly stateComplete: boolean;
    }
  /** The process ended or was killed before the engine was done; its state may lack existing objects. */
  | {
      readonly outcome: 'killed';
      readonly why: 'timeout' | 'lease-lost' | 'permit-over' | 'runner-died' | 'stopped';
      readonly durationMs: number;
    };

/** Settings of a runner process; the same for all its operations. */
export interface RunnerSettings {
  /** Absolute path of the program that runs operations: `tenantry-engine`, or Pulumi's CLI. */
  readonly enginePath: string;
  readonly backendUrl: string;
  readonly secretsProvider: string;
  /** Directory for the engine's own files and for the work directories of operations. */
  readonly workDir: string;
  readonly kubeconfig: string;
  readonly tenantDatabaseUrl: string;
  /** Such URLs of servers for one tenant each, by the server's name. */
  readonly tenantDatabaseServers?: Readonly<Record<string, string>>;
  readonly kubernetesProvider: 'official' | 'embedded';
  readonly randomProvider: 'official' | 'embedded';
  /** Of the official providers; the engine finds these and no others. */
  readonly plugins?: readonly OfficialPlugin[];
  /** Settings for all tenants of the cell; default: those of the embedded installation. */
  readonly cell?: Cell;
  /** Root of another checkout whose tenant program runs; default: this one. */
  readonly programRoot?: string;
}

export type ToRunner =
  | {
      readonly type: 'settings';
      readonly settings: RunnerSettings;
      /** The worker's catalog, with the products of packages beside the tree. */
      readonly products: readonly Product[];
    }
  | { readonly type: 'operate'; readonly request: OperationRequest; readonly permitMs: number }
  /** The lease was renewed: the running operation may write for this long from now. */
  | { readonly type: 'permit'; readonly permitMs: number };

export type FromRunner =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly result: OperationResult };
