import { statSync } from 'node:fs';
import { pluginEnvironment } from '../env.ts';
import type { PropertyMap } from '../properties.ts';
import { reveal } from '../properties.ts';
import { KubernetesClient } from './client.ts';
import { Cluster } from './cluster.ts';
import { type ContextChoice, loadKubeconfig } from './kubeconfig.ts';

/** Clusters by configuration: a known configuration reuses its connections and discovery. */
export class Clusters {
  readonly #defaultKubeconfig: string;
  readonly #beforeWrite: () => void;
  readonly #clusters = new Map<string, Cluster>();

  constructor(defaultKubeconfig: string, beforeWrite: () => void) {
    this.#defaultKubeconfig = defaultKubeconfig;
    this.#beforeWrite = beforeWrite;
  }

  /** @throws when the kubeconfig cannot be read or lacks what was chosen. */
  of(config: PropertyMap): Cluster {
    const kubeconfig = text(config, 'kubeconfig') ?? this.#defaultKubeconfig;
    const choice: ContextChoice = {
      ...optional('context', text(config, 'context')),
      ...optional('cluster', text(config, 'cluster')),
      ...optional('namespace', text(config, 'namespace')),
    };
    const key = JSON.stringify([kubeconfig, fileVersion(kubeconfig), choice]);
    const known = this.#clusters.get(key);
    if (known) return known;
    const access = loadKubeconfig(kubeconfig, choice);
    const cluster = new Cluster(new KubernetesClient(access, pluginEnvironment(), this.#beforeWrite));
    this.#clusters.set(key, cluster);
    return cluster;
  }

  close(): void {
    for (const cluster of this.#clusters.values()) cluster.client.close();
    this.#clusters.clear();
  }
}

function text(config: PropertyMap, key: string): string | undefined {
  const value = reveal(config[key] ?? null);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function optional<K extends string>(key: K, value: string | undefined): { readonly [P in K]?: string } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: string });
}

/** A rewritten kubeconfig file is a new cluster. */
function fileVersion(kubeconfig: string): string {
  const stat = statSync(kubeconfig, { throwIfNoEntry: false });
  return stat ? `${stat.mtimeMs}:${stat.size}` : '';
}
