/** Applies the rules of `infra/policy` to an engine's preview, like its policy pack but without another process. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { parse } from 'yaml';
import { checkPolicies, type Violation } from '../../infra/policy/check.ts';
import { policyResources, type RegisteredResource } from '../../infra/policy/resource.ts';
import type { Declaration, DeclaredResource } from './fleet/declared.ts';
import type { PlatformDiagnostic } from './platform.ts';

/** Lists every rule that the previewed stack breaks. */
export async function brokenRules(
  events: readonly EngineEvent[],
  { projectDir, stack }: { readonly projectDir: string; readonly stack: string },
): Promise<PlatformDiagnostic[]> {
  const aws = await providerSettings(projectDir, stack);
  return checkPolicies(policyResources(registeredIn(events), { aws })).map((violation) => ({
    severity: 'error',
    urn: violation.urn,
    message: messageOf(violation),
  }));
}

/** Resources as they will be, without those that are only deleted. */
export function registeredIn(events: readonly EngineEvent[]): readonly RegisteredResource[] {
  const resources = new Map<string, RegisteredResource>();
  for (const { resourcePreEvent } of events) {
    const state = resourcePreEvent?.metadata.new;
    if (!state || state.delete) continue;
    const { type, urn, id, provider, inputs } = state;
    resources.set(urn, { type, urn, props: inputs, ...(id && { id }), ...(provider && { provider }) });
  }
  return [...resources.values()];
}

/** The configuration of the engine's default AWS provider, which events do not mention. */
async function providerSettings(projectDir: string, stack: string): Promise<Record<string, unknown>> {
  const text = await readFile(join(projectDir, `Pulumi.${stack}.yaml`), 'utf8');
  const config = (parse(text) as { config?: Record<string, unknown> }).config ?? {};
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith('aws:') ? [[key.slice('aws:'.length), value]] : [],
    ),
  );
}

/**
 * Passes on what a version of the tenant program declares if it keeps the rules at least as well as the version before.
 * Otherwise it refuses the change, whatever it does.
 */
export function guarded(before: Declaration, after: Declaration): Declaration {
  if (before.kind === 'refused' || after.kind === 'refused') return after;
  const known = new Set(violationsOf(before.resources).map(messageOf));
  const broken = violationsOf(after.resources)
    .map(messageOf)
    .filter((message) => !known.has(message));
  return broken.length === 0 ? after : { kind: 'refused', reason: `it breaks rules: ${broken.join('; ')}` };
}

function violationsOf(resources: readonly DeclaredResource[]): readonly Violation[] {
  return checkPolicies(
    policyResources(
      resources.map(({ type, name, inputs }) => ({
        type,
        urn: `urn:pulumi:tenant::tenantry::${type}::${name}`,
        props: inputs,
      })),
    ),
  );
}

function messageOf({ rule, name, message }: Violation): string {
  return `${rule}: ${name}: ${message}`;
}
