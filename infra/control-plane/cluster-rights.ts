/** What workers may do in the cluster: make and remove what a tenant consists of, and no more. */

const read = ['get', 'list', 'watch'];
const write = ['create', 'update', 'patch', 'delete'];
const all = [...read, ...write];
const guardKinds = ['validatingadmissionpolicies', 'validatingadmissionpolicybindings'];

/**
 * Rules of the workers' ClusterRole. A role given to a tenant's people can hold only rights that the workers hold
 * themselves, so those rights stand here too; the API server refuses a worker that tries to give away more.
 */
export const workerRules = [
  { apiGroups: [''], resources: ['namespaces'], verbs: all },
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'limitranges',
      'persistentvolumeclaims',
      'pods',
      'resourcequotas',
      'secrets',
      'serviceaccounts',
      'services',
    ],
    verbs: all,
  },
  { apiGroups: [''], resources: ['events', 'pods/log'], verbs: read },
  { apiGroups: ['apps'], resources: ['deployments'], verbs: all },
  { apiGroups: ['apps'], resources: ['deployments/scale'], verbs: ['patch', 'update'] },
  { apiGroups: ['apps'], resources: ['replicasets'], verbs: read },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'], verbs: all },
  { apiGroups: ['autoscaling.k8s.io'], resources: ['verticalpodautoscalers'], verbs: all },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: all },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: read },
  // Pods' usage, for metering.
  { apiGroups: ['metrics.k8s.io'], resources: ['pods'], verbs: ['list'] },
  { apiGroups: ['networking.k8s.io'], resources: ['networkpolicies'], verbs: all },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'], verbs: all },
  { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: all },
  // To check that no volume of a deleted tenant remains.
  { apiGroups: [''], resources: ['persistentvolumes'], verbs: ['get', 'list'] },
  // A last backup of a tenant's volumes; the fence lets workers make those and change no others.
  { apiGroups: ['velero.io'], resources: ['backups'], verbs: [...read, 'create', 'patch'] },
  // Cluster-wide objects that workers apply at their start: these and no others, because the fence that keeps a worker
  // within the namespaces of tenants is such an object, too.
  { apiGroups: ['scheduling.k8s.io'], resources: ['priorityclasses'], verbs: ['create'] },
  {
    apiGroups: ['scheduling.k8s.io'],
    resources: ['priorityclasses'],
    resourceNames: ['tenantry-tenant'],
    verbs: ['get', 'patch'],
  },
  { apiGroups: ['admissionregistration.k8s.io'], resources: guardKinds, verbs: ['create'] },
  {
    apiGroups: ['admissionregistration.k8s.io'],
    resources: guardKinds,
    resourceNames: ['tenantry-tenant-guard'],
    verbs: ['get', 'patch'],
  },
];

/** How a pod reaches the API server of its own cluster: a kubeconfig from the files that every pod can have. */
export const inClusterKubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'in-cluster',
      cluster: {
        server: 'https://kubernetes.default.svc',
        'certificate-authority': '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt',
      },
    },
  ],
  users: [{ name: 'worker', user: { tokenFile: '/var/run/secrets/kubernetes.io/serviceaccount/token' } }],
  contexts: [{ name: 'in-cluster', context: { cluster: 'in-cluster', user: 'worker' } }],
  'current-context': 'in-cluster',
};
