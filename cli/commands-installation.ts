/** The commands for this installation itself, with their arguments. */
import { person, timeout } from './arguments.ts';
import { connect } from './connection.ts';
import type { Commands } from './context.ts';

export function addInstallation({ env, output, exit, add }: Commands): void {
  add('start', 'start everything on this machine, until Ctrl-C').action(async () =>
    (await import('./commands/start.ts')).start(output),
  );
  add('down', 'stop what `start` runs, from another terminal')
    .option('--delete-state', 'delete everything that is kept, too')
    .option('--yes', 'do not ask')
    .addOption(timeout('give up after this many seconds (60)'))
    .action(async (options) => (await import('./commands/down.ts')).down(env, output, options));
  add('doctor', 'show which tools were found, and what to do about missing ones').action(async () =>
    exit(await (await import('./commands/doctor.ts')).doctor(output)),
  );
  add('token', 'print an access token for the API')
    .addOption(person('the person it is for').default('you@example.com').conflicts('operator'))
    .option('--operator', 'for the operator instead')
    .action(async ({ as, operator }) =>
      (await import('./commands/token.ts')).token(await connect(env), output, operator ? {} : { as }),
    );
}
