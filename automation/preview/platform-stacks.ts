/** Finds what a change does to every platform stack. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type BaseCheckout, differs } from './base-checkout.ts';
import { type PlatformPreview, PlatformPreviewError, type PlatformPreviewOptions } from './platform.ts';

export type StackReport =
  | { readonly stack: string; readonly kind: 'previewed'; readonly preview: PlatformPreview }
  /** Neither the program nor the stack's configuration differs from the base. */
  | { readonly stack: string; readonly kind: 'untouched' }
  /** Only the base has this stack. Its resources stay until somebody destroys them. */
  | { readonly stack: string; readonly kind: 'removed' }
  | { readonly stack: string; readonly kind: 'failed'; readonly cause: string };

export interface PlatformReport {
  readonly stacks: readonly StackReport[];
  /** By stack: why the base cannot be previewed, so that everything counts as new. */
  readonly withoutBase: Readonly<Record<string, string>>;
}

export type PreviewPlatform = (options: PlatformPreviewOptions) => Promise<PlatformPreview>;

export interface PlatformOptions {
  readonly previewPlatform: PreviewPlatform;
  readonly root: string;
  readonly base: BaseCheckout;
  /** Empty means every stack that has a settings file. */
  readonly stacks: readonly string[];
  readonly providers: 'simulated' | 'official';
  /** Folder for the states of simulated stacks. */
  readonly stateDir: string;
  readonly env?: Pick<PlatformPreviewOptions, 'toolchain' | 'policyPacks'>;
  readonly onProgress: (line: string) => void;
}

/** Everything that the platform program reads. If none of it changes, its declarations do not change. */
const sources = [
  'infra',
  'tenants',
  'Pulumi.yaml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
] as const;

/** Concurrent previews of stacks: each is an engine and a program. */
const atOnce = 2;

/** Compares with the real states if providers are real, or else with the base's program. */
export async function previewStacks(options: PlatformOptions): Promise<PlatformReport> {
  const { root, base } = options;
  const [present, before] = await Promise.all([stacksOf(root), stacksOf(base.root)]);
  const wanted = options.stacks.length > 0 ? options.stacks : [...new Set([...present, ...before])].sort();
  const withoutBase: Record<string, string> = {};
  const waiting = [...wanted.entries()];
  const stacks: StackReport[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [index, stack] = next;
      const isInBase = before.includes(stack);
      if (present.includes(stack)) stacks[index] = await previewStack(stack, isInBase, options, withoutBase);
      else if (isInBase) stacks[index] = { stack, kind: 'removed' };
      else stacks[index] = { stack, kind: 'failed', cause: 'there is no such stack' };
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return { stacks, withoutBase };
}

async function previewStack(
  stack: string,
  isInBase: boolean,
  options: PlatformOptions,
  withoutBase: Record<string, string>,
): Promise<StackReport> {
  const { previewPlatform, root, base, providers, onProgress } = options;
  const shared = { ...options.env, stack, providers, onProgress };
  try {
    if (providers === 'official') {
      onProgress(`previewing ${stack}`);
      const preview = await previewPlatform({ ...shared, projectDir: root, checkRules: true });
      return { stack, kind: 'previewed', preview };
    }
    const mayDiffer = await differs(root, base.commit, [...sources, `Pulumi.${stack}.yaml`]);
    if (isInBase && !mayDiffer) return { stack, kind: 'untouched' };
    const stateDir = join(options.stateDir, stack);
    if (isInBase) {
      onProgress(`making ${stack} as the base has it, with simulated providers`);
      await previewPlatform({ ...shared, projectDir: base.root, stateDir, record: true }).catch((error) => {
        if (!(error instanceof PlatformPreviewError)) throw error;
        withoutBase[stack] = error.message;
      });
    }
    onProgress(`previewing ${stack}`);
    return {
      stack,
      kind: 'previewed',
      preview: await previewPlatform({ ...shared, projectDir: root, stateDir, checkRules: true }),
    };
  } catch (error) {
    if (!(error instanceof PlatformPreviewError)) throw error;
    return { stack, kind: 'failed', cause: error.message };
  }
}

/** Names of the stacks with settings in the project's folder. */
async function stacksOf(root: string): Promise<string[]> {
  const files = await readdir(root);
  return files
    .flatMap((file) => /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1] ?? [])
    .sort((a, b) => (a < b ? -1 : 1));
}
