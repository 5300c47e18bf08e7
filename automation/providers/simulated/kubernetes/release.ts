import { type PropertyMap, type PropertyValue, reveal, unknown } from '../../properties.ts';
import type {
  CheckFailure,
  DiffResult,
  OperationContext,
  ResourceState,
  WriteOptions,
} from '../../provider.ts';
import { diffProperties, markReplacements } from '../changes.ts';
import { digits, nameOfUrn } from '../identity.ts';
import { assertKnown, checkTexts } from '../inputs.ts';

/** Helm releases, represented by their chart, version and values: charts are neither fetched nor rendered. */
export class SimulatedReleases {
  owns(type: string): boolean {
    return type === 'kubernetes:helm.sh/v3:Release';
  }

  check(
    context: OperationContext,
    inputs: PropertyMap,
    oldInputs: PropertyMap | null,
  ): { inputs: PropertyMap; failures: CheckFailure[] } {
    const failures: CheckFailure[] = checkTexts(inputs);
    const { chart, version } = inputs;
    if (chart === undefined) failures.push({ property: 'chart', reason: 'a chart is required' });
    // Without a version, the cluster would depend on the day of the deployment.
    const local = typeof chart === 'string' && /^\.{0,2}\//.test(chart);
    if (version === undefined && !local) {
      failures.push({ property: 'version', reason: 'a chart from a repository needs a version' });
    }
    const name: PropertyValue =
      inputs.name ?? oldInputs?.name ?? `${nameOfUrn(context.urn)}-${digits(context.urn, 8)}`;
    const namespace: PropertyValue = inputs.namespace ?? 'default';
    const shown = reveal(name);
    // Labels of Helm's own objects hold the name (helm.sh/docs/chart_template_guide/builtin_objects).
    if (typeof shown === 'string' && shown.length > 53) {
      failures.push({ property: 'name', reason: `"${shown}" is longer than Helm's 53 characters` });
    }
    const checked: PropertyMap = { ...inputs, name, namespace };
    return { inputs: checked, failures };
  }

  diff(old: PropertyMap, inputs: PropertyMap): DiffResult {
    const changes = markReplacements(diffProperties(old, inputs), ['name', 'namespace']);
    return { changes, deleteBeforeReplace: false };
  }

  create(context: OperationContext, inputs: PropertyMap, { preview }: WriteOptions): ResourceState {
    if (preview) {
      return {
        id: '',
        properties: { ...inputs, status: unknown, manifest: unknown, resourceNames: unknown },
      };
    }
    assertKnown(context, inputs, 'installed');
    return {
      id: `${String(inputs.namespace)}/${String(inputs.name)}`,
      properties: { ...inputs, ...deployed(inputs, 1) },
    };
  }

  update(
    context: OperationContext,
    old: PropertyMap,
    inputs: PropertyMap,
    { preview }: WriteOptions,
  ): PropertyMap {
    if (preview) return { ...inputs, status: unknown, manifest: unknown, resourceNames: unknown };
    assertKnown(context, inputs, 'installed');
    const { status } = old;
    const revision =
      typeof status === 'object' && status !== null && 'revision' in status ? status.revision : 1;
    return { ...inputs, ...deployed(inputs, Number(revision) + 1) };
  }
}

function deployed(inputs: PropertyMap, revision: number): PropertyMap {
  const { name = '', namespace = '', chart = '', version = '' } = inputs;
  return {
    status: { name, namespace, chart, version, revision, status: 'deployed', appVersion: '' },
    resourceNames: {},
    manifest: '',
  };
}
