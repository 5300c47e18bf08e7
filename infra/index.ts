/** The platform: everything that exists once per region. A table of contents. */
import { createBackup } from './backup.ts';
import { createCache } from './cache.ts';
import { cellOutput } from './cell.ts';
import { createCluster } from './cluster.ts';
import { stackConfig } from './config/stack.ts';
import { platformConfig } from './config.ts';
import { deployedImage } from './control-plane/image.ts';
import { createControlPlane } from './control-plane.ts';
import { createDatabase } from './database.ts';
import { createEdge } from './edge.ts';
import { createIdentity } from './identity.ts';
import { createIngress } from './ingress.ts';
import { createKarpenter } from './karpenter.ts';
import { createKeys } from './keys.ts';
import { createMonitoring } from './monitoring/index.ts';
import { createNetwork } from './network.ts';
import { createPeering } from './peering.ts';
import { createSecrets } from './secrets.ts';
import { createStorage } from './storage.ts';

const config = platformConfig(stackConfig());
const image = await deployedImage(config);
const keys = createKeys(config);
const network = createNetwork(config, keys);
const cluster = createCluster(config, network, keys);
const karpenter = createKarpenter(config, cluster, keys);
const secrets = createSecrets(config, keys);
const database = createDatabase(config, { network, keys, clientSecurityGroupId: cluster.securityGroupId });
createCache(config, { network, keys, clientSecurityGroupId: cluster.securityGroupId });
const storage = createStorage(config, keys);
const edge = createEdge(config, { network, keys, storage });
const identity = createIdentity(config, { keys, edge });
await createPeering(config, network);
const controlPlane = createControlPlane(config, {
  network,
  cluster,
  karpenter,
  keys,
  database,
  storage,
  secrets,
  identity,
  publicUrl: edge.publicUrl,
  image,
});
createIngress(config, { cluster, edge, controlPlane, vpcId: network.vpcId });
createMonitoring(config, { cluster, keys, storage });
createBackup(config, { cluster, storage, keys, database });

export const cell = cellOutput(config, { cluster, database, storage, edge });
/** Where `.github/scripts/publish-page.sh` uploads the page, and which cache it clears. */
export const assetsBucket = storage.assets.name;
export const { distributionId } = edge;
