/**
 * Stands for the API: ready at once; shows its environment, and ends on `/crash`. With `STAND_IN_GATE`, a folder, it
 * leaves its port's number there and does not listen until a file `open` exists.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { instanceHeader } from '../../../automation/instance.ts';

const { PORT, STAND_IN_GATE: gate, TENANTRY_INSTANCE: instance = '' } = process.env;
process.on('SIGTERM', () => process.exit(0));
if (gate) {
  writeFileSync(join(gate, `${PORT}`), '');
  while (!existsSync(join(gate, 'open'))) await delay(10);
}
const server = createServer((request, answer) => {
  if (request.url === '/crash') process.exit(1);
  answer.setHeader('content-type', 'application/json');
  answer.setHeader(instanceHeader, instance);
  answer.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
server.listen(Number(PORT), '127.0.0.1');
