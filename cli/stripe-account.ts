/** The Stripe that the installation uses: the simulator on this machine or a real account. */
import { z } from 'zod';
import type { Connection } from './connection.ts';
import { CliProblem, exitCodes } from './problem.ts';

const errorSchema = z.object({ error: z.object({ message: z.string(), code: z.string().optional() }) });

/** Whether payments are simulated, so that commands can make them. */
export async function isSimulated({ endpoints }: Connection): Promise<boolean> {
  const { hostname } = new URL(endpoints.stripe);
  if (hostname !== '127.0.0.1' && hostname !== 'localhost' && hostname !== '[::1]') return false;
  const answer = await fetch(`${endpoints.stripe}/_simulator/clock`, {
    signal: AbortSignal.timeout(5000),
  }).catch(() => undefined);
  await answer?.body?.cancel();
  return answer?.ok === true;
}

/**
 * Presses the Pay button of a simulated checkout.
 * @throws CliProblem `card_declined` when asked to decline
 */
export async function paySimulated(
  { endpoints }: Connection,
  checkoutUrl: string,
  payment: { email?: string; decline?: boolean },
): Promise<void> {
  const session = new URL(checkoutUrl).pathname.split('/').at(-1) ?? '';
  const answer = await fetch(`${endpoints.stripe}/_simulator/checkout/${encodeURIComponent(session)}/pay`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(payment),
    signal: AbortSignal.timeout(10_000),
  });
  const text = await answer.text();
  if (answer.ok) return;
  const { data } = errorSchema.safeParse(JSON.parse(text));
  throw new CliProblem(
    exitCodes.failed,
    data?.error.code ?? 'payment_failed',
    `The payment failed: ${data?.error.message ?? `Stripe answered ${answer.status}`}`,
  );
}
