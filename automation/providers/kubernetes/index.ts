/** The client of a cluster, and what our provider of it shares with others. */
export { type Json, type JsonObject, KubernetesClient } from './client.ts';
export { Discovery, objectPath } from './discovery.ts';
export { isStatus } from './errors.ts';
export { type FollowedList, followList } from './follow-list.ts';
export { loadKubeconfig } from './kubeconfig.ts';
export { textAt } from './objects.ts';
export { managedFields } from './ownership.ts';
export { quantity } from './quantity.ts';
export { applyObject, readIfThere } from './requests.ts';
export { intrusions } from './undivided.ts';
