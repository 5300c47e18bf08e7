import type { PropertyMap } from './properties.ts';

/** The context of an operation on one resource. */
export interface OperationContext {
  readonly urn: string;
  /** Type token, for example `kubernetes:core/v1:Namespace`. */
  readonly type: string;
  /** Configuration of the provider instance that the engine addressed. */
  readonly config: PropertyMap;
  /** Aborted when the engine cancels or goes away. */
  readonly signal: AbortSignal;
  /** Shows a line beside the resource during the operation; never fails. */
  status(message: string): void;
  /** Adds a lasting warning to the engine's output; never fails. */
  warn(message: string): void;
}

export interface CheckFailure {
  readonly property: string;
  readonly reason: string;
}

export type ChangeKind = 'add' | 'update' | 'delete';

export interface PropertyChange {
  /** Path in Pulumi's notation: `spec.template.spec.containers[0].image`, `metadata.labels["a.b/c"]`. */
  readonly path: string;
  readonly kind: ChangeKind;
  readonly replace: boolean;
}

export interface DiffResult {
  readonly changes: readonly PropertyChange[];
  readonly deleteBeforeReplace: boolean;
}

export interface ResourceState {
  readonly id: string;
  readonly properties: PropertyMap;
  /** Program inputs as found in the real object; only from `read`. */
  readonly inputs?: PropertyMap;
}

export interface WriteOptions {
  readonly preview: boolean;
  /** From the resource's `customTimeouts`; null where the program set none. */
  readonly timeoutMs: number | null;
}

/** A resource exists but did not become ready: the engine records its state and reports the reasons. */
export class NotReadyError extends Error {
  override readonly name = 'NotReadyError';
  readonly state: ResourceState;
  readonly reasons: readonly string[];
  constructor(state: ResourceState, reasons: readonly string[]) {
    super(reasons.join('; '));
    this.state = state;
    this.reasons = reasons;
  }
}

/** One package's resources: the engine's five verbs in plain values. */
export interface ResourceProvider {
  readonly name: string;
  /** Version reported to the engine; for stand-ins, that of the official package they match. */
  readonly version: string;
  /** Names the wrong configuration properties. */
  checkConfig?(config: PropertyMap): readonly CheckFailure[];
  check(
    context: OperationContext,
    request: { readonly inputs: PropertyMap; readonly oldInputs: PropertyMap | null },
  ): Promise<{ readonly inputs: PropertyMap; readonly failures: readonly CheckFailure[] }>;
  diff(
    context: OperationContext,
    request: {
      readonly id: string;
      readonly old: PropertyMap;
      /** Checked inputs of the last update; empty where the engine has none. */
      readonly oldInputs?: PropertyMap;
      readonly inputs: PropertyMap;
      readonly ignoreChanges: readonly string[];
    },
  ): Promise<DiffResult>;
  create(context: OperationContext, inputs: PropertyMap, options: WriteOptions): Promise<ResourceState>;
  /** Null when the object is gone. */
  read(
    context: OperationContext,
    request: { readonly id: string; readonly properties: PropertyMap; readonly inputs: PropertyMap },
  ): Promise<ResourceState | null>;
  update(
    context: OperationContext,
    request: {
      readonly id: string;
      readonly old: PropertyMap;
      readonly inputs: PropertyMap;
      readonly ignoreChanges: readonly string[];
    },
    options: WriteOptions,
  ): Promise<PropertyMap>;
  delete(
    context: OperationContext,
    request: { readonly id: string; readonly properties: PropertyMap },
    options: WriteOptions,
  ): Promise<void>;
  /** Answers a program's question that makes no resource. */
  invoke?(request: InvokeRequest): Promise<InvokeResult>;
  /** Registers the parts of a component of this package with the engine. */
  construct?(request: ConstructRequest): Promise<ConstructResult>;
  /** Answers a method of a resource; `arguments.__self__` is the resource. */
  call?(request: CallRequest): Promise<InvokeResult>;
  /** Releases connections. */
  close(): Promise<void>;
}

export interface InvokeRequest {
  readonly token: string;
  readonly arguments: PropertyMap;
  readonly config: PropertyMap;
  readonly preview: boolean;
}

export interface InvokeResult {
  readonly result: PropertyMap;
  readonly failures: readonly CheckFailure[];
}

export interface ConstructRequest {
  readonly type: string;
  readonly name: string;
  /** URN of the parent; empty for the stack. */
  readonly parent: string;
  readonly inputs: PropertyMap;
  /** Resources that each input comes from. */
  readonly inputDependencies: ReadonlyMap<string, readonly string[]>;
  /** Resources that the component waits for. */
  readonly dependsOn: readonly string[];
  /** References to the providers that the program chose, by package. */
  readonly providers: ReadonlyMap<string, string>;
  readonly protect: boolean | undefined;
  readonly preview: boolean;
  /** Address of the engine's resource monitor. */
  readonly monitor: string;
}

export interface ConstructResult {
  readonly urn: string;
  readonly state: PropertyMap;
  /** Resources that every property of the state comes from. */
  readonly dependencies: readonly string[];
}

export interface CallRequest {
  readonly token: string;
  readonly arguments: PropertyMap;
  readonly preview: boolean;
  readonly monitor: string;
}
