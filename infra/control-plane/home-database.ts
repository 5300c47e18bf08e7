/** The control plane's one database: in the home region, shared by the processes of all regions. */
import * as aws from '@pulumi/aws';
import { type Output, output } from '@pulumi/pulumi';
import type { PlatformConfig } from '../config.ts';
import { databaseName, postgresPort } from '../database/instance.ts';
import type { Database } from '../database.ts';
import { secretName } from '../secrets.ts';
import type { SecretValue } from './secret-files.ts';

export interface HomeDatabase {
  /** Of the proxy. */
  readonly host: Output<string>;
  readonly port: number;
  readonly database: string;
  readonly password: SecretValue;
}

/** Where the control plane's database is: this cell's, or the home cell's, found by its names. */
export function homeDatabase(config: PlatformConfig, database: Database): HomeDatabase {
  const where = { port: postgresPort, database: databaseName };
  if (config.primary) {
    return {
      ...where,
      host: database.proxyHost,
      password: { secret: database.secretArn, region: config.region, key: 'password' },
    };
  }
  const proxy = aws.rds.getProxyOutput({ name: `${config.homeCellId}-main`, region: config.homeRegion });
  return {
    ...where,
    host: proxy.endpoint,
    password: {
      secret: output(secretName({ cellId: config.homeCellId }, 'database-main')),
      region: config.homeRegion,
      key: 'password',
    },
  };
}
