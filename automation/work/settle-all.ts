/** Like `Promise.all`, but waits for all, so that whatever has begun is known and can be ended. */
export async function settleAll<Values extends readonly unknown[]>(
  promises: {
    [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  await Promise.allSettled(promises);
  return Promise.all(promises) as unknown as Promise<Values>;
}
