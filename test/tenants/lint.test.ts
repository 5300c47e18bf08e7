import { execFile } from 'node:child_process';
import { describe, expect, inject, test } from 'vitest';
import type { Manifest } from '../../tenants/manifest.ts';
import { platformManifests } from '../../tenants/platform.ts';
import { everyPlan, manifestsOf, tenantOf } from './specs.ts';

/** A finding of kube-score that stays, for which plans, and why. */
interface Explanation {
  readonly check: string;
  /** Matches `<product> <plan>`. */
  readonly plans: RegExp;
  readonly reason: string;
}

/** All of them: a finding that is not here fails, and so does a reason that nothing needs. */
const explanations: readonly Explanation[] = [
  {
    check: 'container-image-pull-policy',
    plans: /./,
    reason:
      'Images are public and pinned by version. Asking the registry for each warm pod would make sessions wait for it.',
  },
  {
    check: 'pod-probes-identical',
    plans: /^(workspace|browsers|agents|stream) /,
    reason:
      'These images answer one path or port only. They are asked with different patience: out of the service within 10 s, restarted after a minute.',
  },
  {
    check: 'deployment-strategy',
    plans: /^workspace /,
    reason:
      'A ReadWriteOnce volume: with a rolling update the new pod would wait forever for the one that has it.',
  },
  {
    check: 'deployment-strategy',
    plans: /^(agents (free|pro)|stream (free|professional)) /,
    reason:
      'Whoever comes from a larger plan has pods that the quota has no room beside: new ones would be refused for ever.',
  },
  {
    check: 'deployment-replicas',
    plans: /^(workspace|inbox|agents) /,
    reason: 'One pod each, as sold; what must survive its loss is on the volume or in the database.',
  },
  {
    check: 'deployment-replicas',
    plans: /^(browsers|stream) \w+ suspended$/,
    reason: 'Suspended: compute is scaled to zero.',
  },
  {
    check: 'deployment-has-host-podantiaffinity',
    plans: /^(browsers|stream) /,
    reason:
      'topologySpreadConstraints spread the pods over zones and nodes, and still let them start on a single node.',
  },
  {
    check: 'horizontalpodautoscaler-replicas',
    plans: /^stream /,
    reason: 'It scales to zero when idle, and from there by one.',
  },
  {
    check: 'networkpolicy-targets-pod',
    plans: /^browsers starter /,
    reason: 'The plan runs no pods. Its policies stand for the day that it is upgraded.',
  },
  {
    check: 'networkpolicy-targets-pod',
    plans: /^agents enterprise /,
    reason: 'Sandboxes come and go with tasks. Their policy is there before them.',
  },
];

const needed = new Set<Explanation>();

describe('kube-score finds nothing unexplained', () => {
  const states = everyPlan.flatMap((row) => [[...row, 'active'] as const, [...row, 'suspended'] as const]);

  test.each(states)('%s %s, %s', async (product, plan, state) => {
    const findings = await kubeScore(manifestsOf(tenantOf(product, plan, { state })));
    const unexplained = findings.filter((finding) => {
      const explanation = explanations.find(
        ({ check, plans }) => check === finding.check && plans.test(`${product} ${plan} ${state}`),
      );
      if (explanation) needed.add(explanation);
      return !explanation;
    });
    expect(unexplained).toEqual([]);
  });

  test('in what the platform applies', async () => {
    expect(await kubeScore(platformManifests())).toEqual([]);
  });

  test('and every explanation is needed', () => {
    expect(explanations.filter((explanation) => !needed.has(explanation))).toEqual([]);
  });
});

test('the linter notices a container without limits', async () => {
  const manifests = manifestsOf(tenantOf('inbox', 'starter')).map((manifest) =>
    manifest.kind === 'Deployment'
      ? (JSON.parse(JSON.stringify(manifest).replaceAll('"limits"', '"limitz"')) as Manifest)
      : manifest,
  );
  expect((await kubeScore(manifests)).map(({ check }) => check)).toContain('container-resources');
});

interface Finding {
  readonly object: string;
  readonly check: string;
  readonly comments: string;
}

/** Grades of kube-score below 10 are warnings and critical findings. */
async function kubeScore(manifests: readonly Manifest[]): Promise<Finding[]> {
  const output = await new Promise<string>((resolve, reject) => {
    const parameters = ['score', '--output-format', 'json', '--kubernetes-version', 'v1.36', '-'];
    const options = { maxBuffer: 16 * 1024 ** 2 };
    // It exits with 1 when it finds something.
    const child = execFile(inject('tools')['kube-score'], parameters, options, (_error, stdout, stderr) =>
      stdout === '' ? reject(new Error(stderr)) : resolve(stdout),
    );
    child.stdin?.end(manifests.map((manifest) => `---\n${JSON.stringify(manifest)}\n`).join(''));
  });
  const scored = JSON.parse(output) as {
    object_name: string;
    checks: {
      check: { id: string };
      grade: number;
      skipped: boolean;
      comments: { summary: string }[] | null;
    }[];
  }[];
  return (scored ?? []).flatMap(({ object_name, checks }) =>
    checks
      .filter(({ grade, skipped }) => !skipped && grade < 10)
      .map(({ check, comments }) => ({
        object: object_name,
        check: check.id,
        comments: (comments ?? []).map(({ summary }) => summary).join('; '),
      })),
  );
}
