import { request } from 'node:http';

/**
 * Announces a body, never sends it, and returns the status of the answer. When a client really sends a body, it may lose
 * the answer: the service refuses and closes while the body is still on its way.
 */
export function statusOfAnnounced(
  url: string,
  method: string,
  token: string,
  bytes: number,
): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method,
      agent: false,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': bytes,
      },
    });
    asked.on('response', ({ statusCode }) => {
      resolve(statusCode);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.flushHeaders();
  });
}
