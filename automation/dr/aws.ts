/** Recovery's access to AWS, with the credentials that the SDK finds. */
import { RDSClient } from '@aws-sdk/client-rds';
import { Route53Client } from '@aws-sdk/client-route-53';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { rdsServers } from './rds.ts';
import type { DatabaseServers } from './servers.ts';
import { route53Traffic, type Traffic } from './traffic.ts';

export interface Aws {
  readonly servers: DatabaseServers;
  readonly traffic: Traffic;
}

/** @param region of the servers and their secrets; Route 53 has none */
export function connectAws(region: string): Aws {
  return {
    servers: rdsServers({
      rds: new RDSClient({ region }),
      secrets: new SecretsManagerClient({ region }),
      region,
    }),
    traffic: route53Traffic(new Route53Client({ region: 'us-east-1' })),
  };
}
