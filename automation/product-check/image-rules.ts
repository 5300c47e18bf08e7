import { platform } from '../../tenants/catalog/platform.ts';
import type { Demands } from './demands.ts';
import type { Image, ImageConfig } from './registry.ts';
import { ok, problem, type Verdict, warning } from './verdict.ts';

/** A larger image makes the first start on a node slow. */
const largeBytes = 1_000_000_000;

/** Checks whether a tenant's pod could run an image. Pure. */
export function checkImage({ reference, configs }: Image, demands: Demands): readonly Verdict[] {
  const where = `${reference.repository}:${reference.version}`;
  const architectures = configs.filter(({ os }) => os === 'linux').map(({ architecture }) => architecture);
  const missing = platform.nodes.architectures.filter((needed) => !architectures.includes(needed));
  return [
    reference.named === 'digest' || (reference.named === 'tag' && reference.version !== 'latest')
      ? ok('version', where, 'is pinned')
      : problem('version', where, 'is not pinned: name a tag other than latest, or a digest'),
    missing.length === 0
      ? ok('architecture', where, `is built for ${architectures.join(' and ')}`)
      : problem(
          'architecture',
          where,
          `is not built for linux/${missing.join(' and linux/')}, and nodes of either kind may run it`,
        ),
    ...firstOfEach(configs.flatMap((config) => checkConfig(config, where, demands))),
  ];
}

function checkConfig(config: ImageConfig, where: string, demands: Demands): readonly Verdict[] {
  const { runtime } = demands;
  const port = runtime.ports[0]?.port;
  const written = [runtime.volumePath, '/tmp'].filter((path) => path !== null);
  const outside = config.volumes.filter(
    (volume) => !written.some((path) => volume === path || volume.startsWith(`${path}/`)),
  );
  return [
    config.user === '' || /^(0|root)(:|$)/.test(config.user)
      ? warning(
          'user',
          where,
          `is made to run as root; its pod runs as ${demands.userId}: everybody must be able to read and run its files`,
        )
      : ok('user', where, `is made for the user ${config.user}; its pod runs as ${demands.userId}`),
    config.entrypoint.length + config.command.length === 0
      ? problem('start', where, 'has neither entrypoint nor command: nothing says what to start')
      : ok('start', where, `starts ${[...config.entrypoint, ...config.command].join(' ')}`),
    port === undefined || config.exposedPorts.length === 0 || config.exposedPorts.includes(port)
      ? ok('port', where, port === undefined ? 'serves nothing' : `must listen on ${port}`)
      : warning(
          'port',
          where,
          `exposes ${config.exposedPorts.join(', ')}, and the product's service is at ${port}: it must listen there on every address`,
        ),
    outside.length === 0
      ? ok('writes', where, `declares no volume but ${written.join(' and ')}`)
      : warning(
          'writes',
          where,
          `declares the volumes ${outside.join(', ')}: what it writes there is lost, and the rest of its root cannot be written`,
        ),
    config.stopSignal !== null && /^(SIG)?KILL$|^9$/.test(config.stopSignal)
      ? problem('termination', where, 'is stopped by SIGKILL: it cannot end what it is doing')
      : ok('termination', where, `is stopped by ${config.stopSignal ?? 'SIGTERM'}`),
    ...(config.hasHealthcheck
      ? [
          warning(
            'probes',
            where,
            'has a HEALTHCHECK, which Kubernetes ignores: the product names its probes',
          ),
        ]
      : []),
    config.compressedBytes > largeBytes
      ? warning(
          'size',
          where,
          `has ${gigabytes(config.compressedBytes)} GB to fetch at the first start on a node`,
        )
      : ok('size', where, `has ${gigabytes(config.compressedBytes)} GB to fetch`),
  ];
}

/** Removes repeated verdicts, because an image's architectures mostly have the same. */
function firstOfEach(verdicts: readonly Verdict[]): readonly Verdict[] {
  const seen = new Map(verdicts.map((verdict) => [`${verdict.rule} ${verdict.message}`, verdict]));
  return [...seen.values()];
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toFixed(2);
