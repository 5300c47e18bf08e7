/** A worker's dispatcher in a process of its own, to be killed. Arguments: database URL, endpoint. */
import pino from 'pino';
import { openNotifications } from '../../automation/notify/index.ts';
import { openDatabase } from '../../automation/store/database.ts';

const [databaseUrl = '', endpointId = ''] = process.argv.slice(2);
const { tasks } = openNotifications({
  database: openDatabase(databaseUrl, { maxConnections: 2 }),
  rules: { allowPrivate: true, resolve: async () => [] },
  log: pino({ level: 'silent' }),
  now: () => new Date(),
  random: () => 0,
});
tasks['deliver-notifications']({ endpointIds: [endpointId] });
