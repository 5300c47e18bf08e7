import { mkdtemp } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
import { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
import type { EngineEvent, PulumiFn } from '@pulumi/pulumi/automation/index.js';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ensureLanguageHost } from '../../automation/language/shim.ts';
import { tenantProgram } from '../../tenants/program.ts';
import { type Engine, startEngine, type TestStack } from '../providers/engine.ts';
import { freshTenantId, specOf } from '../tenants/specs.ts';

/** The pack as the engine runs it: a process of its own, started by the language host. */

const packDir = resolve(import.meta.dirname, '../../infra/policy');
let engine: Engine;
let stack: TestStack;

beforeAll(async () => {
  engine = await startEngine({
    kubernetes: { kubeconfig: inject('kubeconfig') },
    random: true,
    tenantry: { adminDatabaseUrl: inject('postgresUrl') },
  });
  const path = (process.env.PATH ?? '').split(delimiter);
  const host = await ensureLanguageHost(await mkdtemp(join(inject('runDir'), 'language-')), path);
  stack = await engine.newStack('policy');
  stack.stack.workspace.envVars = {
    ...stack.stack.workspace.envVars,
    PATH: [host.folder, dirname(inject('tools').pulumi), ...path].join(delimiter),
  };
});

afterAll(async () => {
  await engine?.close();
});

/** Previews a program under the pack; returns each violation as the engine reports it. */
async function preview(program: PulumiFn): Promise<{ allowed: boolean; violations: string[] }> {
  const violations: string[] = [];
  const onEvent = ({ policyEvent }: EngineEvent) => {
    if (!policyEvent) return;
    const { policyName, resourceUrn, enforcementLevel, message } = policyEvent;
    violations.push(
      `${enforcementLevel} ${policyName} ${resourceUrn?.split('::').at(-1)}: ${message.trim().split('\n').at(-1)}`,
    );
  };
  const allowed = await stack.stack
    .preview({ program, policyPacks: [packDir], onEvent, onOutput: (line) => engine.log.push(line) })
    .then(
      () => true,
      () => false,
    );
  return { allowed, violations: violations.sort() };
}

test('the engine lets a whole tenant pass', async () => {
  const tenantId = freshTenantId();
  const spec = specOf('stream', 'business', { tenantId, slug: `s-${tenantId}` });
  const outcome = await preview(async () => ({ ...(await tenantProgram(spec)) }));
  expect(outcome, engine.log.join('')).toEqual({ allowed: true, violations: [] });
});

test('the engine stops what breaks a rule of a resource or of a stack, and says why', async () => {
  const labels = {
    'app.kubernetes.io/managed-by': 'tenantry',
    'tenantry.dev/tenant': 'a1b2c3d4',
    'tenantry.dev/product': 'stream',
    'tenantry.dev/plan': 'business',
  };
  const outcome = await preview(async () => {
    const namespace = new Namespace('namespace', { metadata: { name: 'tenant-open', labels } });
    new Deployment('deployment', {
      metadata: { name: 'app', namespace: namespace.metadata.name, labels },
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            hostNetwork: true,
            securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
            containers: [
              {
                name: 'app',
                image: 'registry.example.com/app:1',
                securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
              },
            ],
          },
        },
      },
    });
  });
  expect(outcome).toEqual({
    allowed: false,
    violations: [
      'mandatory namespace-has-level namespace: pod-security.kubernetes.io/enforce is not set; wanted: restricted, baseline, privileged',
      'mandatory restricted-pods deployment: hostNetwork is true',
      'mandatory tenant-isolated namespace: Pod Security of namespace tenant-open is not set; wanted: restricted',
      'mandatory tenant-isolated namespace: namespace tenant-open has no limit range for containers',
      'mandatory tenant-isolated namespace: namespace tenant-open has no network policy that denies everything in both directions',
      'mandatory tenant-isolated namespace: namespace tenant-open has no quota that forbids node ports and load balancers',
    ],
  });
});
