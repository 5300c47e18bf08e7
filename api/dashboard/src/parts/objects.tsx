import type { KubernetesObject, TenantOutputs } from '../types.ts';

/** Everything the tenant has in the Kubernetes API, by kind. */
export function Objects({ outputs }: { outputs: TenantOutputs | null }) {
  const objects = outputs?.objects ?? [];
  return (
    <section className="objects" aria-labelledby="objects-title">
      <header>
        <h2 id="objects-title">In Kubernetes</h2>
        {objects.length > 0 && <span className="quiet">{objects.length} objects</span>}
      </header>
      {objects.length === 0 ? (
        <p className="quiet">No objects yet.</p>
      ) : (
        <dl>
          {byKind(objects).map(([kind, members]) => (
            <div key={kind} data-kind={kind}>
              <dt>
                {kind} <span className="quiet">{members[0]?.apiVersion}</span>
              </dt>
              {members.map(({ name, namespace }) => (
                <dd key={`${namespace ?? ''}/${name}`}>
                  {name}
                  {namespace === null && kind !== 'Namespace' && <span className="quiet"> cluster-wide</span>}
                </dd>
              ))}
            </div>
          ))}
        </dl>
      )}
    </section>
  );
}

/** Kinds in order of their first object, which is the order of creation. */
function byKind(objects: readonly KubernetesObject[]): [string, readonly KubernetesObject[]][] {
  return [...Map.groupBy(objects, ({ kind }) => kind)];
}
