import { expect, test } from 'vitest';
import { z } from 'zod';
import { settleAll } from '../../automation/work/settle-all.ts';
import { task } from '../../automation/work/task.ts';

const nobody = undefined as never;

test('a task gets its payload parsed, and one that is not as it takes it fails with the name of the field', async () => {
  const got: unknown[] = [];
  const given = task(z.object({ tenantId: z.string() }), async (payload) => got.push(payload));
  await given({ tenantId: 'a1234567', more: 1 }, nobody);
  expect(got).toEqual([{ tenantId: 'a1234567' }]);
  await expect(given({ tenantId: 7 }, nobody)).rejects.toThrow(/expected string[\s\S]*at tenantId/);
  await expect(given(null, nobody)).rejects.toThrow('The payload of the job is not what its task takes');
  expect(got).toHaveLength(1);
});

test('a failure of one of several is thrown once all have ended', async () => {
  let ended = false;
  const slow = new Promise<number>((resolve) => setTimeout(resolve, 20, 1)).then((value) => {
    ended = true;
    return value;
  });
  await expect(settleAll([Promise.reject(new Error('broken')), slow])).rejects.toThrow('broken');
  expect(ended).toBe(true);
  expect(await settleAll([Promise.resolve('a'), slow])).toEqual(['a', 1]);
});
