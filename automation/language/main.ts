/**
 * `pulumi-language-nodejs [--root …] <engine address>`: the program that the engine starts for projects whose
 * runtime is nodejs. Its first line is its port; afterwards it serves until the engine kills it or goes away.
 */
import { readLanguageHostEnv } from './env.ts';
import { serveLanguageHost } from './serve.ts';

const engineAddress = process.argv.slice(2).findLast((argument) => !argument.startsWith('-'));
const host = await serveLanguageHost({
  environment: readLanguageHostEnv(),
  ...(engineAddress && { engineAddress }),
  onOutput: (stream, chunk) => process[stream].write(chunk),
});
process.stdout.write(`${host.port}\n`);

// An engine that dies silently leaves this process to another parent.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid !== engine) process.exit(0);
}, 1000);
