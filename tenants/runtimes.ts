import type { ProductId } from './catalog/types.ts';

/** What the platform has to know of a product's container to run it. Our choice, fitting the catalog's images. */
export interface Runtime {
  /** Reached by the control plane; the first is the one of the service's address. */
  readonly ports: readonly { readonly name: string; readonly port: number }[];
  readonly scheme: 'http' | 'tcp' | 'ws';
  /** Given to the catalog's image only. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the tenant's volume is mounted, or null where the product keeps nothing on disk. */
  readonly volumePath: string | null;
  /** Paths that answer 200 when the process lives, and when it can serve; null asks for a TCP connection. */
  readonly livePath: string | null;
  readonly readyPath: string | null;
  /** Most that `/tmp` may hold. */
  readonly scratchBytes: number;
  /** Ports on the internet that the product's pods may reach. */
  readonly internetPorts: readonly number[];
  /** How long a pod may take to end what it is doing. */
  readonly terminationGraceSeconds: number;
}

const mebibyte = 1024 ** 2;
const [ssh, http, https] = [22, 80, 443];

export const runtimes: Readonly<Record<ProductId, Runtime>> = {
  // code-server: the editor in the browser. Who may enter is decided by the control plane, the only way in.
  workspace: {
    ports: [{ name: 'http', port: 8080 }],
    scheme: 'http',
    args: ['--bind-addr=0.0.0.0:8080', '--auth=none', '--disable-telemetry', '/home/coder'],
    env: { HOME: '/home/coder' },
    volumePath: '/home/coder',
    livePath: '/healthz',
    readyPath: '/healthz',
    scratchBytes: 1024 * mebibyte,
    internetPorts: [ssh, http, https],
    terminationGraceSeconds: 30,
  },
  // headless-shell: Chrome without a screen, driven through its DevTools protocol. A browser's profile is scratch.
  browsers: {
    ports: [{ name: 'cdp', port: 9222 }],
    scheme: 'ws',
    args: ['--disable-dev-shm-usage'],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: '/json/version',
    readyPath: '/json/version',
    scratchBytes: 256 * mebibyte,
    internetPorts: [http, https],
    terminationGraceSeconds: 60,
  },
  // Mailpit: receives e-mail by SMTP from the control plane's mail exchanger and serves it by HTTP.
  inbox: {
    ports: [
      { name: 'http', port: 8025 },
      { name: 'smtp', port: 1025 },
    ],
    scheme: 'http',
    args: [],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: '/livez',
    readyPath: '/readyz',
    scratchBytes: 256 * mebibyte,
    internetPorts: [https],
    terminationGraceSeconds: 30,
  },
  // opencode: the basic agent, as a server that the control plane sends tasks to.
  agents: {
    ports: [{ name: 'http', port: 4096 }],
    scheme: 'http',
    args: ['serve', '--hostname=0.0.0.0', '--port=4096'],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: null,
    readyPath: null,
    scratchBytes: 512 * mebibyte,
    internetPorts: [ssh, http, https],
    terminationGraceSeconds: 60,
  },
  // guacd: carries desktop sessions (RDP, VNC, SSH) to the browser.
  stream: {
    ports: [{ name: 'guacd', port: 4822 }],
    scheme: 'tcp',
    args: [],
    env: { HOME: '/tmp' },
    volumePath: null,
    livePath: null,
    readyPath: null,
    scratchBytes: 256 * mebibyte,
    internetPorts: [http, https],
    terminationGraceSeconds: 120,
  },
};
