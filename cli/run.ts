/** Runs one command line: parses it, says what went wrong, gives the exit code. */
import { type Command, CommanderError } from 'commander';
import { TenantryError } from '../api/client/index.ts';
import { EnvironmentError } from '../automation/environment/index.ts';
import { createCommands } from './commands.ts';
import type { CliEnv } from './env.ts';
import { createOutput, type Streams } from './output.ts';
import { CliProblem, type ExitCode, exitCodes, problemOf } from './problem.ts';

/** @param prepare runs before any command; the command fails as it fails */
export async function run(
  args: readonly string[],
  readEnv: () => CliEnv,
  streams: Streams,
  prepare: () => Promise<void> = async () => {},
): Promise<ExitCode> {
  const json = args.includes('--json');
  const output = createOutput(json, streams);
  let exitCode: ExitCode = exitCodes.ok;
  try {
    const read = readEnv();
    await prepare();
    const program = createCommands({ env: read, output, exit: (code) => (exitCode = code) });
    for (const command of withSubcommands(program)) speakThrough(command, streams, json);
    // --json may stand before the command as well as behind it.
    await program.parseAsync(args.length === 0 ? ['--help'] : withoutLeadingJson(args), { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok;
      if (json) output.problem({ code: 'usage', message: error.message.replace(/^error: /, '') });
      return exitCodes.usage;
    }
    if (error instanceof EnvironmentError) {
      output.problem({ code: 'environment', message: error.message });
      return exitCodes.usage;
    }
    const problem = error instanceof TenantryError ? problemOf(error) : error;
    if (problem instanceof CliProblem) {
      output.problem(problem);
      return problem.exitCode;
    }
    streams.err.write(`${error instanceof Error ? error.stack : error}\n`);
    if (json)
      output.problem({ code: 'internal', message: error instanceof Error ? error.message : String(error) });
    return exitCodes.failed;
  }
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}

/** Keeps commander from ending the process, and standard output for the result alone. */
function speakThrough(command: Command, { out, err }: Streams, json: boolean): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => out.write(text),
    writeErr: (text) => {
      if (!json) err.write(text);
    },
  });
  command.showSuggestionAfterError().showHelpAfterError('(--help shows how it is used)');
}

function withoutLeadingJson(args: readonly string[]): string[] {
  const [first, ...rest] = args;
  return first === '--json' ? [...rest, first] : [...args];
}
