/** `node test/smoke/main.ts <url of the service> [<seconds to watch it>]`: exit code 1 when it is not as it should be. */
import { watch } from './checks.ts';

const [url = '', seconds = '0'] = process.argv.slice(2);
if (!URL.canParse(url) || !/^\d+$/.test(seconds)) {
  console.error('usage: node test/smoke/main.ts <url of the service> [<seconds to watch it>]');
  process.exit(2);
}
const failures = await watch(url, {
  patienceMs: 10 * 60_000,
  watchMs: Number(seconds) * 1000,
  everyMs: 10_000,
  say: (line) => console.error(line),
});
console.log(failures.length === 0 ? `${url} is as it should be` : `${url} is not as it should be`);
process.exitCode = failures.length === 0 ? 0 : 1;
