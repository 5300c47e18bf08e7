import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { createCommands } from '../../cli/commands.ts';
import { createOutput } from '../../cli/output.ts';

const nowhere = { write: () => {} };
const program = createCommands({
  env: { home: '/nowhere', token: undefined, stripeSecretKey: undefined },
  output: createOutput(true, { out: nowhere, err: nowhere }),
  exit: () => {},
});

/** Every command with its full name, those of others included. */
function all(command: Command, name = ''): { name: string; command: Command }[] {
  return command.commands.flatMap((one) => {
    const full = `${name} ${one.name()}`.trim();
    return [{ name: full, command: one }, ...all(one, full)];
  });
}

// `start` too: it prints where things are once they run, and goes on.
test('every command takes --json', () => {
  const without = all(program).filter(
    ({ command }) => !command.options.some(({ long }) => long === '--json'),
  );
  expect(without.map(({ name }) => name)).toEqual([]);
  expect(all(program).length).toBeGreaterThan(35);
});
