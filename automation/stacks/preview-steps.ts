import type { EngineEvent, StepEventMetadata } from '@pulumi/pulumi/automation/index.js';
import type { EngineStep } from './protocol.ts';

/**
 * Operations that change something. A replacement's parts (`create-replacement`, `delete-replaced`) come with a
 * `replace`.
 */
const changing = new Set(['create', 'update', 'replace', 'delete', 'import']);

/** Collects from an engine's events what it would do, without the stack itself and providers. */
export function stepCollector(): { readonly steps: readonly EngineStep[]; see(event: EngineEvent): void } {
  const steps: EngineStep[] = [];
  const deletedFirst = new Set<string>();
  return {
    steps,
    see(event) {
      const metadata = event.resourcePreEvent?.metadata;
      if (!metadata || metadata.type.startsWith('pulumi:')) return;
      if (metadata.op === 'delete-replaced') deletedFirst.add(metadata.urn);
      if (changing.has(metadata.op)) steps.push(stepOf(metadata, deletedFirst.has(metadata.urn)));
    },
  };
}

function stepOf(metadata: StepEventMetadata, deletedFirst: boolean): EngineStep {
  const { op, urn, type, old, new: next, detailedDiff } = metadata;
  return {
    op,
    urn,
    type,
    protected: (old ?? next)?.protect === true,
    deletedFirst,
    detailedDiff: detailedDiff
      ? Object.fromEntries(Object.entries(detailedDiff).map(([path, { diffKind }]) => [path, diffKind]))
      : null,
    before: old?.inputs ?? null,
    after: op === 'delete' ? null : (next?.inputs ?? null),
  };
}
