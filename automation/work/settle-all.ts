/** Like `Promise.all`, but waits for every promise before it rejects, so that nothing is left running unseen. */
export async function settleAll<Values extends readonly unknown[]>(
  promises: {
    [Index in keyof Values]: Promise<Values[Index]>;
  },
): Promise<Values> {
  await Promise.allSettled(promises);
  return Promise.all(promises) as unknown as Promise<Values>;
}
