/** The platform: what stands once per region. A table of contents. */
import { createBackup } from './backup.ts';
import { createCache } from './cache.ts';
import { createCluster } from './cluster.ts';
import { platformConfig, stackConfig } from './config.ts';
import { createDatabase } from './database.ts';
import { createEdge } from './edge.ts';
import { createIdentity } from './identity.ts';
import { createIngress } from './ingress.ts';
import { createKarpenter } from './karpenter.ts';
import { createKeys } from './keys.ts';
import { createNetwork } from './network.ts';
import { createSecrets } from './secrets.ts';
import { createStorage } from './storage.ts';

const config = platformConfig(stackConfig());
const keys = createKeys(config);
const network = createNetwork(config, keys);
const cluster = createCluster(config, network, keys);
createKarpenter(config, cluster, keys);
createSecrets(config, keys);
const database = createDatabase(config, { network, keys, clientSecurityGroupId: cluster.securityGroupId });
createCache(config, { network, keys, clientSecurityGroupId: cluster.securityGroupId });
const storage = createStorage(config, keys);
const edge = createEdge(config, { network, keys, storage });
createIdentity(config, { keys, edge });
createIngress(config, { cluster, edge, vpcId: network.vpcId });
createBackup(config, { cluster, storage, keys, database });

export const cell = { id: config.cellId, region: config.region };
