import type { PeopleRole, RoleRule } from './types.ts';

/** What tenants' people may do in their namespaces. */

export const reading: readonly string[] = ['get', 'list', 'watch'];
export const writing: readonly string[] = ['create', 'update', 'patch', 'delete'];

/** For products whose people only look: they see what runs and why something does not run, but no Secrets. */
export const viewer: PeopleRole = {
  name: 'tenant-viewer',
  rules: [
    {
      apiGroups: [''],
      resources: [
        'pods',
        'pods/log',
        'services',
        'events',
        'persistentvolumeclaims',
        'resourcequotas',
        'limitranges',
      ],
      verbs: reading,
    },
    { apiGroups: ['apps'], resources: ['deployments', 'replicasets'], verbs: reading },
    { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: reading },
  ],
};

/**
 * The most that any role may give. No Secrets, no way into a container (`pods/exec` is opened by reading it, too), and none
 * of what limits and isolates the tenant. The tenant guard (`platform.ts`) judges whatever people may write by this list, the
 * quota counts whatever they may create, and workers hold these rights themselves, without which they could not give them.
 */
export const mostRights: readonly RoleRule[] = [
  {
    apiGroups: [''],
    resources: ['pods', 'services', 'configmaps', 'persistentvolumeclaims'],
    verbs: [...reading, ...writing],
  },
  {
    apiGroups: [''],
    resources: ['pods/log', 'events', 'resourcequotas', 'limitranges', 'serviceaccounts'],
    verbs: reading,
  },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: [...reading, 'patch', 'update'] },
  { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch', 'update'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: reading },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: reading },
  { apiGroups: ['autoscaling.k8s.io'], resources: ['verticalpodautoscalers'], verbs: reading },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: [...reading, ...writing] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: reading },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: reading },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: reading },
];

/** Whether a rule lets people change something. */
export function writes({ verbs }: RoleRule): boolean {
  return verbs.some((verb) => !reading.includes(verb));
}

/** What of a rule no role may give, each as `create pods/exec` or `list jobs.batch`. */
export function beyondMostRights({ apiGroups, resources, verbs }: RoleRule): string[] {
  return apiGroups.flatMap((group) =>
    resources.flatMap((resource) =>
      verbs
        .filter(
          (verb) =>
            !mostRights.some(
              (most) =>
                most.apiGroups.includes(group) &&
                most.resources.includes(resource) &&
                most.verbs.includes(verb),
            ),
        )
        .map((verb) => `${verb} ${group === '' ? resource : `${resource}.${group}`}`),
    ),
  );
}
