/** A worker's dispatcher in a process of its own, to be killed. Arguments: database URL, endpoint. */
import pino from 'pino';
import { createDispatcher } from '../../automation/notify/dispatcher.ts';
import { openDatabase } from '../../automation/store/database.ts';

const [databaseUrl = '', endpointId = ''] = process.argv.slice(2);
const dispatcher = createDispatcher({
  database: openDatabase(databaseUrl, { maxConnections: 2 }),
  rules: { allowPrivate: true, resolve: async () => [] },
  log: pino({ level: 'silent' }),
  now: () => new Date(),
  random: () => 0,
});
dispatcher.ring([endpointId]);
