import { expect, test } from 'vitest';
import { type Look, runSteps, type Step, StepStopped } from '../../automation/dr/steps.ts';

const say = () => {};

function step(id: string, looks: Look[], act: () => Promise<void> = async () => {}): Step {
  const last = looks.at(-1);
  return { id, title: id, look: async () => looks.shift() ?? last ?? { state: 'done', detail: '' }, act };
}

test('a step that is done is not done again', async () => {
  const acts: string[] = [];
  const steps = [
    step('first', [{ state: 'done', detail: 'there' }], async () => void acts.push('first')),
    step(
      'second',
      [
        { state: 'todo', detail: 'missing' },
        { state: 'waiting', detail: 'comes' },
        { state: 'done', detail: 'there' },
      ],
      async () => void acts.push('second'),
    ),
  ];
  const reports = await runSteps(steps, { dryRun: false, say, pollMs: 1 });
  expect(acts).toEqual(['second']);
  expect(reports.map(({ id, state, detail }) => [id, state, detail])).toEqual([
    ['first', 'done', 'there'],
    ['second', 'done', 'there'],
  ]);
});

test('a step that has to wait before it can be done is done then, once', async () => {
  const acts: string[] = [];
  const looks: Look[] = [
    { state: 'waiting', detail: 'no backup yet' },
    { state: 'todo', detail: 'from the backup' },
    { state: 'todo', detail: 'from the backup' },
    { state: 'waiting', detail: 'restoring' },
    { state: 'done', detail: 'restored' },
  ];
  const said: string[] = [];
  await runSteps([step('restore', looks, async () => void acts.push('restore'))], {
    dryRun: false,
    say: (line) => said.push(line),
    pollMs: 1,
  });
  expect(acts).toEqual(['restore']);
  expect(said).toEqual([
    'restore: no backup yet',
    'restore: from the backup',
    'restore: restoring',
    'restore: restored',
  ]);
});

test('a step that is blocked ends the run, with what was done before it', async () => {
  const steps = [
    step('first', [{ state: 'done', detail: '' }]),
    step('second', [{ state: 'blocked', detail: 'a person has to look' }]),
    step('third', [{ state: 'todo', detail: '' }], async () => expect.unreachable()),
  ];
  const error = await runSteps(steps, { dryRun: false, say }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(StepStopped);
  expect((error as StepStopped).message).toBe('second: a person has to look');
  expect((error as StepStopped).reports.map(({ state }) => state)).toEqual(['done', 'blocked']);
});

test('a step that never ends is given up in time', async () => {
  const steps = [step('endless', [{ state: 'waiting', detail: 'still creating' }])];
  await expect(runSteps(steps, { dryRun: false, say, pollMs: 1, timeoutMs: 5 })).rejects.toThrow(
    'endless: not done in time: still creating',
  );
});

test('a dry run goes on past what it cannot look at yet', async () => {
  const unseen: Step = {
    id: 'unseen',
    title: 'unseen',
    look: async () => {
      throw new Error('no such database');
    },
    act: async () => expect.unreachable(),
  };
  const first = step('first', [{ state: 'todo', detail: 'x' }]);
  const reports = await runSteps([first, unseen], { dryRun: true, say });
  expect(reports.map(({ state }) => state)).toEqual(['planned', 'planned']);
  expect(reports[1]?.detail).toContain('no such database');
  // Nothing is left that could bring it: the caller must know.
  await expect(runSteps([unseen, first], { dryRun: true, say })).rejects.toThrow('unseen: no such database');
});
