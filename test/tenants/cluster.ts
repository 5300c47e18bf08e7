import { execFile } from 'node:child_process';
import { inject } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';

export interface KubectlResult {
  readonly ok: boolean;
  readonly stdout: string;
  /** Also the API server's warnings. */
  readonly stderr: string;
}

/** Runs kubectl as the cluster's administrator. Never rejects: a refusal is a result. */
export function kubectl(
  parameters: readonly string[],
  manifests?: readonly object[],
): Promise<KubectlResult> {
  const withConfig = ['--kubeconfig', inject('kubeconfig'), ...parameters];
  return new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 ** 2 };
    const child = execFile(inject('tools').kubectl, withConfig, options, (error, stdout, stderr) =>
      resolve({ ok: error === null, stdout, stderr }),
    );
    child.stdin?.end(manifests && JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifests }));
  });
}

/** Applies by server-side apply, as the program's provider does. */
export function apply(manifests: readonly object[], ...flags: string[]): Promise<KubectlResult> {
  // A worker of another test may have applied the cluster-wide objects before.
  const always = ['--server-side', '--force-conflicts', '--field-manager=test'];
  return kubectl(['apply', ...always, ...flags, '-f', '-'], manifests);
}

/** The live objects of these manifests, in the same order. */
export async function live(manifests: readonly Manifest[]): Promise<unknown[]> {
  const { ok, stdout, stderr } = await kubectl(['get', '-o', 'json', '-f', '-'], manifests);
  if (!ok) throw new Error(stderr);
  const parsed = JSON.parse(stdout);
  return parsed.kind === 'List' ? parsed.items : [parsed];
}

/** Begins to delete namespaces; their end is the cluster's business. */
export async function removeNamespaces(names: readonly string[]): Promise<void> {
  if (names.length > 0)
    await kubectl(['delete', 'namespace', '--wait=false', '--ignore-not-found', ...names]);
}
