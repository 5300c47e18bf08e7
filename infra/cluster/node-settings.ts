/** Settings of all nodes, however they are started. */

/**
 * Instance metadata by session only (IMDSv2), one hop at most: a pod's packet has already used that hop, so a pod
 * cannot get the node's credentials.
 */
export const metadataOptions = {
  httpEndpoint: 'enabled',
  httpTokens: 'required',
  httpPutResponseHopLimit: 1,
  instanceMetadataTags: 'disabled',
} as const;

/** Bottlerocket's two volumes: the system, and what containers and images take. */
export const nodeVolumes = [
  { deviceName: '/dev/xvda', sizeGb: 4 },
  { deviceName: '/dev/xvdb', sizeGb: 80 },
] as const;
