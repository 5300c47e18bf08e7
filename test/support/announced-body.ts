import { request } from 'node:http';

/**
 * The status that answers a body which is announced and never sent, on a connection of its own. A body that is really
 * sent loses its answer when the service refuses it and closes while it is still on its way.
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
