import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EngineEvent } from '@pulumi/pulumi/automation/index.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Declaration } from '../../automation/preview/fleet/declared.ts';
import { brokenRules, guarded } from '../../automation/preview/rules.ts';
import { manifestsOf, tenantOf } from '../tenants/specs.ts';
import { productionTags } from './cases.ts';

/** The rules applied to previews: events of an engine, and declarations of the tenant program. */

let projectDir: string;
beforeAll(async () => {
  projectDir = await mkdtemp(join(tmpdir(), 'tenantry-rules-'));
  await writeFile(
    join(projectDir, 'Pulumi.prod.yaml'),
    JSON.stringify({ config: { 'aws:region': 'us-east-1', 'aws:defaultTags': { tags: productionTags } } }),
  );
  await writeFile(
    join(projectDir, 'Pulumi.bare.yaml'),
    JSON.stringify({ config: { 'aws:region': 'us-east-1' } }),
  );
});
afterAll(() => rm(projectDir, { recursive: true, force: true }));

const topic = 'aws:sns/topic:Topic';
const key = 'arn:aws:kms:us-east-1:111122223333:key/0f1e2d3c';

/** The event of a step on a resource: its inputs afterwards, or null where it goes. */
function step(op: string, name: string, inputs: Record<string, unknown> | null, more = {}): EngineEvent {
  const urn = `urn:pulumi:prod::tenantry::${topic}::${name}`;
  const state = inputs && {
    type: topic,
    urn,
    id: '',
    parent: '',
    provider: '',
    inputs,
    outputs: {},
    ...more,
  };
  const metadata = { op, urn, type: topic, ...(state && { new: state }) };
  return { resourcePreEvent: { metadata } } as unknown as EngineEvent;
}

const messages = async (events: readonly EngineEvent[], stack = 'prod') =>
  (await brokenRules(events, { projectDir, stack })).map(({ message }) => message);

describe('a platform preview', () => {
  test('is judged by what is there afterwards: made, changed or unchanged, and not what goes', async () => {
    const events = [
      step('create', 'good', { kmsMasterKeyId: key }),
      step('create', 'made', {}),
      step('same', 'unchanged', {}),
      step('update', 'changed', {}),
      step('delete', 'gone', null),
      step('create-replacement', 'replaced', {}),
      step('replace', 'replaced', { kmsMasterKeyId: key }),
      { diagnosticEvent: { prefix: '', message: '', color: '', severity: 'info' } } as unknown as EngineEvent,
    ];
    expect(await brokenRules(events, { projectDir, stack: 'prod' })).toEqual(
      ['made', 'unchanged', 'changed'].map((name) => ({
        severity: 'error',
        urn: `urn:pulumi:prod::tenantry::${topic}::${name}`,
        message: `storage-encrypted: ${name}: kmsMasterKeyId is not set; wanted: a key of KMS`,
      })),
    );
  });

  test('finds no fault with what only the deployment tells, nor with what is hidden', async () => {
    expect(await messages([step('create', 'later', { kmsMasterKeyId: '[unknown]' })])).toEqual([]);
    expect(await messages([step('create', 'hidden', { kmsMasterKeyId: '[secret]' })])).toEqual([]);
  });

  test('takes tags from where the stack’s file gives them to the provider', async () => {
    const events = [step('create', 'topic', { kmsMasterKeyId: key })];
    expect(await messages(events, 'prod')).toEqual([]);
    expect(await messages(events, 'bare')).toEqual([expect.stringMatching(/^required-tags: topic: /)]);
  });
});

describe('a change of the tenant program', () => {
  const whole = declaration(() => true);
  const open = declaration((name) => name !== 'NetworkPolicy/default-deny');
  const refused: Declaration = { kind: 'refused', reason: 'no such plan' };

  test('that keeps the rules goes on as it is', () => {
    expect(guarded(whole, whole)).toBe(whole);
    expect(guarded(open, whole)).toBe(whole);
  });

  test('that breaks a rule is refused, with the rule', () => {
    expect(guarded(whole, open)).toEqual({
      kind: 'refused',
      reason:
        'it breaks rules: tenant-isolated: Namespace/tenant-acme: namespace tenant-acme has no network policy that denies everything in both directions',
    });
  });

  test('is not to blame for what was broken before', () => {
    expect(guarded(open, open)).toBe(open);
  });

  test('that the program refuses itself stays refused for its own reason', () => {
    expect(guarded(whole, refused)).toBe(refused);
    expect(guarded(refused, open)).toBe(open);
  });

  function declaration(keeps: (name: string) => boolean): Declaration {
    const resources = manifestsOf(tenantOf('stream', 'business')).map((manifest) => ({
      type: `kubernetes:${manifest.apiVersion === 'v1' ? 'core/v1' : manifest.apiVersion}:${manifest.kind}`,
      name: `${manifest.kind}/${manifest.metadata.name}`,
      inputs: JSON.parse(JSON.stringify(manifest)),
      options: {},
      aliases: [],
    }));
    return { kind: 'resources', resources: resources.filter(({ name }) => keeps(name)) };
  }
});
