/** What all nodes have in common, whoever starts them. */

/**
 * Instance metadata by session only (IMDSv2), and no further than the node itself: a pod's packet has come one hop
 * already, so its credentials are the node's no more.
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
