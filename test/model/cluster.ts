/**
 * A cluster in memory, and runners that change it as the engine changes a real one: object by object, with a state of
 * their own written at the end, so that a runner that dies in between leaves what its state lacks.
 */
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import type { Fingerprints } from '../../automation/stacks/fingerprint.ts';
import type { OperationRequest, OperationResult } from '../../automation/stacks/protocol.ts';
import type { Runner, RunnerPool } from '../../automation/stacks/runners.ts';
import type { Manifest } from '../../tenants/manifest.ts';
import { tenantObjects } from '../../tenants/objects.ts';
import type { TenantOutputs, TenantSpec } from '../../tenants/spec.ts';
import { resolveTenant } from '../../tenants/tenant.ts';

interface Namespace {
  readonly tenantId: string;
  /** As `objectsOf` gives them. */
  readonly objects: Map<string, string>;
}

/** Disturbances of a pool's operations. */
export interface Fate {
  /** Objects that the coming operation writes before its runner dies; null lets it live. */
  diesAfter(): number | null;
  /** True when the coming operation fails for a temporary reason. */
  fails(): boolean;
}

export const kindly: Fate = { diesAfter: () => null, fails: () => false };

export interface ClusterInMemory {
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** What must never happen, but did. */
  readonly violations: readonly string[];
  readonly fingerprints: Fingerprints;
  /** Ended engine operations, by outcome. */
  readonly operations: Readonly<Record<string, number>>;
  runners(fate: Fate): RunnerPool;
  /** Resolves once no runner writes any more, not even one whose worker is gone. */
  still(): Promise<void>;
}

const known = new Map<string, ReadonlyMap<string, string>>();

/** The objects that the tenant program declares for a spec, as text by `<kind>/<name>`, in the order of their making. */
export function objectsOf(spec: TenantSpec): ReadonlyMap<string, string> {
  const key = JSON.stringify(spec);
  const before = known.get(key);
  if (before) return before;
  const { namespace, foundation, quota, workload } = tenantObjects(resolveTenant(spec));
  const objects: readonly Manifest[] = [namespace, ...foundation, quota, ...(workload ? [workload] : [])];
  const made = new Map(objects.map((one) => [`${one.kind}/${one.metadata.name}`, JSON.stringify(one)]));
  known.set(key, made);
  return made;
}

export function createCluster(): ClusterInMemory {
  const namespaces = new Map<string, Namespace>();
  /** Objects that the engine's state knows, by tenant. */
  const states = new Map<string, Set<string>>();
  const working = new Map<string, number>();
  const violations: string[] = [];
  const operations: Record<string, number> = {};
  const underWay = new Set<Promise<unknown>>();

  async function operate(request: OperationRequest, runner: RunnerInMemory): Promise<OperationResult> {
    const end = (result: OperationResult) => {
      const how = result.outcome === 'killed' ? `killed: ${result.why}` : result.outcome;
      operations[how] = (operations[how] ?? 0) + 1;
      return result;
    };
    if (request.kind === 'init') {
      const settings = request.tenantIds.map((tenantId) => [tenantId, { stack: tenantId }] as const);
      return end({ ...succeeded(null), initialised: Object.fromEntries(settings) });
    }
    if (request.kind === 'preview') throw new Error('nobody previews here');
    const { spec } = request;
    const others = working.get(spec.tenantId) ?? 0;
    if (others > 0) violations.push(`two engines worked on ${spec.tenantId} at once`);
    working.set(spec.tenantId, others + 1);
    try {
      const wanted = request.kind === 'up' ? objectsOf(spec) : new Map<string, string>();
      const state = states.get(spec.tenantId) ?? new Set<string>();
      const leaving = [...state].filter((name) => !wanted.has(name)).reverse();
      for (const name of [...wanted.keys(), ...leaving]) {
        await moment();
        if (!runner.mayWrite()) return end(runner.killed());
        const held = namespaces.get(spec.namespace);
        if (held && held.tenantId !== spec.tenantId) {
          return end(failed(`namespace ${spec.namespace} belongs to another tenant`, true));
        }
        const content = wanted.get(name);
        if (content === undefined) remove(spec, name);
        else write(spec, name, content);
      }
      if (runner.failsThisTime) return end(failed('connection refused', false));
      if (request.kind === 'destroy') {
        states.delete(spec.tenantId);
        return end(succeeded(null));
      }
      states.set(spec.tenantId, new Set(objectsOf(spec).keys()));
      return end(succeeded(outputsOf(spec)));
    } finally {
      working.set(spec.tenantId, (working.get(spec.tenantId) ?? 1) - 1);
    }
  }

  function write(spec: TenantSpec, name: string, content: string): void {
    const namespace = namespaces.get(spec.namespace) ?? { tenantId: spec.tenantId, objects: new Map() };
    namespace.objects.set(name, content);
    namespaces.set(spec.namespace, namespace);
  }

  function remove(spec: TenantSpec, name: string): void {
    const namespace = namespaces.get(spec.namespace);
    namespace?.objects.delete(name);
    if (namespace?.objects.size === 0) namespaces.delete(spec.namespace);
  }

  return {
    namespaces,
    violations,
    operations,
    fingerprints: {
      async read({ outputs }) {
        const objects = namespaces.get(outputs.namespace)?.objects ?? new Map<string, string>();
        return Object.fromEntries(
          outputs.objects.flatMap(({ apiVersion, kind, name }) => {
            const content = objects.get(`${kind}/${name}`);
            return content === undefined ? [] : [[`${apiVersion}/${kind}/${name}`, content]];
          }),
        );
      },
      remains: async (spec) =>
        namespaces.get(spec.namespace)?.tenantId === spec.tenantId ? [`namespace ${spec.namespace}`] : [],
      isEnding: async () => false,
      takeOffFinalizers: async () => [],
      endPods: async () => [],
    },
    runners: (fate) => ({
      async acquire(): Promise<Runner> {
        const runner = new RunnerInMemory();
        return {
          process: { host: 'nowhere', processGroup: null, processStarted: null },
          run(request, limits) {
            runner.begin(fate, limits.permitMs);
            const running = operate(request, runner).finally(() => underWay.delete(running));
            underWay.add(running);
            return running;
          },
          permit: (permitMs) => runner.permit(permitMs),
          kill: (why) => runner.kill(why),
          release: () => {},
        };
      },
      warmUp: async () => {},
      busy: 0,
      close: async () => {},
    }),
    async still() {
      while (underWay.size > 0) await Promise.allSettled(underWay);
    },
  };
}

/** Others get their turn between two writes, and sometimes a long one. */
const moment = () => (Math.random() < 0.05 ? sleep(1) : turn());

/** A runner outlives its worker until its permit runs out, as a real one does at worst. */
class RunnerInMemory {
  failsThisTime = false;
  #permitUntil = 0;
  #writesLeft = Number.POSITIVE_INFINITY;
  #killedBecause: Extract<OperationResult, { outcome: 'killed' }>['why'] | null = null;

  begin(fate: Fate, permitMs: number): void {
    this.failsThisTime = fate.fails();
    this.#writesLeft = fate.diesAfter() ?? Number.POSITIVE_INFINITY;
    this.permit(permitMs);
  }

  permit(permitMs: number): void {
    this.#permitUntil = performance.now() + permitMs;
  }

  kill(why: Extract<OperationResult, { outcome: 'killed' }>['why']): void {
    this.#killedBecause ??= why;
  }

  /** Asked before every write. */
  mayWrite(): boolean {
    if (this.#writesLeft === 0) this.kill('runner-died');
    if (performance.now() > this.#permitUntil) this.kill('lease-lost');
    this.#writesLeft -= 1;
    return this.#killedBecause === null;
  }

  killed(): OperationResult {
    return { outcome: 'killed', why: this.#killedBecause ?? 'runner-died', durationMs: 1 };
  }
}

function succeeded(outputs: TenantOutputs | null): Extract<OperationResult, { outcome: 'succeeded' }> {
  return { outcome: 'succeeded', outputs, changes: {}, durationMs: 1 };
}

function failed(cause: string, stateComplete: boolean): OperationResult {
  return { outcome: 'failed', cause, durationMs: 1, stateComplete };
}

function outputsOf(spec: TenantSpec): TenantOutputs {
  return {
    namespace: spec.namespace,
    serviceUrl: null,
    database: null,
    objects: [...objectsOf(spec).values()].map((text) => {
      const { apiVersion, kind, metadata } = JSON.parse(text) as Manifest;
      return { apiVersion, kind, name: metadata.name, namespace: metadata.namespace ?? null };
    }),
  };
}
