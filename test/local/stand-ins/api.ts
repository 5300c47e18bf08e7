/** Stands for the service: ready at once; tells its environment, and ends when asked to `/crash`. */
import { createServer } from 'node:http';

const server = createServer((request, answer) => {
  if (request.url === '/crash') process.exit(1);
  answer.setHeader('content-type', 'application/json');
  answer.end(JSON.stringify({ pid: process.pid, env: process.env }));
});
server.listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
