/**
 * The platform program previewed on the real engine: with the account's providers where there is an account, with
 * simulated ones where there is none.
 */
import type { ToolchainEnv } from '../toolchain/env.ts';

/** What the engine would do with a resource; `replace` stands for the whole of create, replace and delete. */
export type PlatformOperation = 'create' | 'update' | 'replace' | 'delete' | 'import' | 'read';

/** A JSON value; a secret is the text `[secret]`, a value known only after the update the text `[unknown]`. */
export type ShownValue =
  | null
  | boolean
  | number
  | string
  | readonly ShownValue[]
  | { readonly [key: string]: ShownValue };

export interface PlatformChange {
  /** Path in Pulumi's notation: `cidrBlock`, `tags["owner"]`, `spec.template.spec.containers[0].image`. */
  readonly path: string;
  readonly kind: 'add' | 'update' | 'delete';
  /** Absent for `add`. */
  readonly before?: ShownValue;
  /** Absent for `delete`. */
  readonly after?: ShownValue;
  /** Either side is or holds a secret. */
  readonly secret: boolean;
  /** This property is a reason to replace the resource. */
  readonly replaces: boolean;
}

export interface PlatformStep {
  readonly urn: string;
  /** Type token, for example `aws:rds/instance:Instance`. */
  readonly type: string;
  readonly name: string;
  readonly op: PlatformOperation;
  /** For a replacement: the old one is deleted first, so there is a time without it. */
  readonly deletedFirst: boolean;
  /** The program protects it (`protect`): the engine refuses to replace or delete it. */
  readonly protected: boolean;
  /** Sorted by path; of updates and replacements only. */
  readonly changes: readonly PlatformChange[];
  /** Inputs before (null when it is created) and after (null when it is deleted), secrets hidden. */
  readonly before: { readonly [key: string]: ShownValue } | null;
  readonly after: { readonly [key: string]: ShownValue } | null;
}

export interface PlatformDiagnostic {
  readonly severity: 'warning' | 'error';
  readonly urn: string | null;
  readonly message: string;
}

export interface PlatformPreview {
  readonly stack: string;
  readonly providers: 'simulated' | 'official';
  /** Everything that changes, in the engine's order; what stays the same is only counted. */
  readonly steps: readonly PlatformStep[];
  readonly unchanged: number;
  readonly diagnostics: readonly PlatformDiagnostic[];
  /** The engine's own account of the diff, without colours. */
  readonly text: string;
  readonly durationMs: number;
}

export interface PlatformPreviewOptions {
  /** `dev`, `staging`, `prod`, `prod-us-west-2`, …: a `Pulumi.<stack>.yaml` in the project. */
  readonly stack: string;
  /** Folder of `Pulumi.yaml`; default: this checkout. Another one shows another version of the program. */
  readonly projectDir?: string;
  /**
   * Folder that keeps the state of simulated stacks from one preview to the next. Without one every resource is
   * previewed as new.
   */
  readonly stateDir?: string;
  /** Afterwards brings the kept state to what was previewed, so that the next preview shows the next change only. */
  readonly record?: boolean;
  /** Default `auto`: official when the environment has AWS credentials, else simulated. */
  readonly providers?: 'auto' | 'simulated' | 'official';
  /** Folders of policy packs that the engine applies. */
  readonly policyPacks?: readonly string[];
  readonly toolchain?: ToolchainEnv;
  readonly signal?: AbortSignal;
  /** Told a line of text now and then. */
  readonly onProgress?: (line: string) => void;
}

/** The engine could not finish the preview: a wrong configuration, a refused input, a violated policy. */
export class PlatformPreviewError extends Error {
  override readonly name = 'PlatformPreviewError';
  readonly diagnostics: readonly PlatformDiagnostic[];
  constructor(stack: string, diagnostics: readonly PlatformDiagnostic[]) {
    super(
      `The preview of ${stack} failed: ${diagnostics.map(({ message }) => message).join('\n') || 'the engine gave no reason'}`,
    );
    this.diagnostics = diagnostics;
  }
}
