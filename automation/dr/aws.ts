/** Connects to AWS with the credentials that the SDK finds. */
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

/** @param region where servers and secrets are; Route 53 is global */
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
