/** Brings the databases of a cell to the newest schema and ends: runs once before new versions of the others start. */
import pino from 'pino';
import { services as own } from '../services/index.ts';
import { warnOfUnknownVariables } from './environment/index.ts';
import { loadServices, readServicePackages } from './packages/index.ts';
import { migrationsOf } from './service.ts';
import { readMigrationEnv } from './store/env.ts';
import { ensureDatabase, migrate } from './store/migrate.ts';
import { prepareSharedDatabase } from './warden/index.ts';

const env = readMigrationEnv();
const log = pino({ level: env.logLevel, base: { process: 'migrate' } });
warnOfUnknownVariables((line) => log.warn(line));
const services = await loadServices({ own, packages: readServicePackages() });
await ensureDatabase(env.databaseUrl);
await Promise.all([migrate(env.databaseUrl, migrationsOf(services)), prepareSharedDatabase(env, log)]);
log.info('the databases are at the newest schema');
