/** The one place of every tool's version. The Go modules in `modules/` pin the same ones; a test compares them. */

export const toolNames = [
  'pulumi',
  'tenantry-engine',
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
  'kubectl',
  'stripe-mock',
  'kubeconform',
  'kube-score',
  'promtool',
  'amtool',
  'actionlint',
] as const;

export type ToolName = (typeof toolNames)[number];

export interface Platform {
  /** Go's names: `linux`, `darwin`; `amd64`, `arm64`. */
  os: string;
  arch: string;
}

export interface Download {
  url: string;
  /** Where upstream publishes SHA-256 sums; `null` where it publishes none. */
  sumsUrl: string | null;
  /** Path of the program inside the archive; `null` when the file is the program itself. */
  member: string | null;
}

export interface ToolPin {
  name: ToolName;
  /** Exactly this is downloaded or built. */
  version: string;
  /** Module in `modules/` that builds it, and folder in the cache. */
  module: string;
  /** The version's name as a Go module, where it differs. */
  moduleVersion?: string;
  /** Package to build. */
  package: string;
  /** Package of ours to build instead: a program that is several tools, each by its name. */
  partOf?: string;
  /** Linker flags that stamp the version, as in upstream's releases. */
  stamp: string;
  /** Build tags that leave out what we do not use. */
  tags?: string;
  versionArguments: readonly string[];
  /** Finds the version in the program's output. */
  versionPattern: RegExp;
  /** Whether a program found on PATH will do. */
  fits: (version: string) => boolean;
  /** A lesser substitute where this tool cannot be had. */
  otherwise?: ToolName;
  /** `null` where upstream has no build for the platform. */
  download: (platform: Platform) => Download | null;
}

const pulumiVersion = '3.250.0';
const pulumiStamp = `-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${pulumiVersion}`;

const kubernetesVersion = '1.36.3';
const kwokVersion = '0.8.0';
/** etcd, the three programs of Kubernetes and kwok in one. */
const controlPlane = 'tenantry.dev/toolchain/kubernetes/control-plane';
/** All of the module's tools use it, so that one command builds them; it means nothing to etcd. */
const kubernetesStamp = `-X k8s.io/component-base/version.gitVersion=v${kubernetesVersion} -X sigs.k8s.io/kwok/pkg/consts.Version=v${kwokVersion}`;

function kubernetesTool(
  name: ToolName,
  versionArguments: readonly string[],
  platforms: readonly string[],
): ToolPin {
  return {
    name,
    version: kubernetesVersion,
    module: 'kubernetes',
    package: `k8s.io/kubernetes/cmd/${name}`,
    ...(name !== 'kubectl' && { partOf: controlPlane }),
    stamp: kubernetesStamp,
    versionArguments,
    versionPattern: /v(\d+\.\d+\.\d+)/,
    fits: sameMinor(kubernetesVersion),
    download: ({ os, arch }) => {
      if (!platforms.includes(os)) return null;
      const url = `https://dl.k8s.io/v${kubernetesVersion}/bin/${os}/${arch}/${name}`;
      return { url, sumsUrl: `${url}.sha256`, member: null };
    },
  };
}

export const pins: readonly ToolPin[] = [
  {
    name: 'pulumi',
    version: pulumiVersion,
    module: 'pulumi',
    package: 'github.com/pulumi/pulumi/pkg/v3/cmd/pulumi',
    stamp: pulumiStamp,
    versionArguments: ['version'],
    versionPattern: /v?(\d+\.\d+\.\d+)/,
    // The engine protocol of the SDK in package.json; newer engines of the same major speak it too.
    fits: atLeast(pulumiVersion),
    download: ({ os, arch }) => ({
      url: `https://get.pulumi.com/releases/sdk/pulumi-v3.250.0-${os}-${arch === 'amd64' ? 'x64' : arch}.tar.gz`,
      sumsUrl: 'https://github.com/pulumi/pulumi/releases/download/v3.250.0/pulumi-3.250.0-checksums.txt',
      member: 'pulumi/pulumi',
    }),
  },
  {
    // The same engine in a program of our own, which starts in a fifth of the time; nobody publishes it.
    name: 'tenantry-engine',
    version: `${pulumiVersion}-3`,
    module: 'pulumi',
    package: 'tenantry.dev/toolchain/pulumi/tenantry-engine',
    stamp: pulumiStamp,
    versionArguments: ['version'],
    versionPattern: /(\d+\.\d+\.\d+-\d+)/,
    fits: (version) => version === `${pulumiVersion}-3`,
    otherwise: 'pulumi',
    download: () => null,
  },
  {
    name: 'etcd',
    version: '3.6.8',
    module: 'kubernetes',
    package: 'go.etcd.io/etcd/server/v3',
    partOf: controlPlane,
    stamp: kubernetesStamp,
    versionArguments: ['--version'],
    versionPattern: /etcd Version: (\d+\.\d+\.\d+)/,
    fits: atLeast('3.5.0'),
    download: ({ os, arch }) => {
      if (os !== 'linux') return null;
      const archive = `etcd-v3.6.8-${os}-${arch}`;
      const release = 'https://github.com/etcd-io/etcd/releases/download/v3.6.8';
      return {
        url: `${release}/${archive}.tar.gz`,
        sumsUrl: `${release}/SHA256SUMS`,
        member: `${archive}/etcd`,
      };
    },
  },
  kubernetesTool('kube-apiserver', ['--version'], ['linux']),
  kubernetesTool('kube-controller-manager', ['--version'], ['linux']),
  kubernetesTool('kube-scheduler', ['--version'], ['linux']),
  {
    name: 'kwok',
    version: kwokVersion,
    // Together with the control plane, so that the libraries of both are compiled once.
    module: 'kubernetes',
    package: 'sigs.k8s.io/kwok/cmd/kwok',
    partOf: controlPlane,
    stamp: kubernetesStamp,
    versionArguments: ['--version'],
    versionPattern: /v(\d+\.\d+\.\d+)/,
    fits: sameMinor(kwokVersion),
    download: ({ os, arch }) => ({
      url: `https://github.com/kubernetes-sigs/kwok/releases/download/v${kwokVersion}/kwok-${os}-${arch}`,
      sumsUrl: null,
      member: null,
    }),
  },
  kubernetesTool('kubectl', ['version', '--client'], ['linux', 'darwin']),
  {
    name: 'stripe-mock',
    version: '0.203.0',
    module: 'checks',
    package: 'github.com/stripe/stripe-mock',
    stamp: '-X main.version=0.203.0',
    versionArguments: ['-version'],
    versionPattern: /(\d+\.\d+\.\d+)/,
    fits: (version) => version === '0.203.0',
    download: ({ os, arch }) => {
      const release = 'https://github.com/stripe/stripe-mock/releases/download/v0.203.0';
      return {
        url: `${release}/stripe-mock_0.203.0_${os}_${arch}.tar.gz`,
        sumsUrl: `${release}/stripe-mock_0.203.0_checksums.txt`,
        member: 'stripe-mock',
      };
    },
  },
  {
    name: 'kubeconform',
    version: '0.7.0',
    module: 'checks',
    package: 'github.com/yannh/kubeconform/cmd/kubeconform',
    stamp: '-X main.version=v0.7.0',
    versionArguments: ['-v'],
    versionPattern: /v?(\d+\.\d+\.\d+)/,
    fits: sameMinor('0.7.0'),
    download: ({ os, arch }) => {
      const release = 'https://github.com/yannh/kubeconform/releases/download/v0.7.0';
      return {
        url: `${release}/kubeconform-${os}-${arch}.tar.gz`,
        sumsUrl: `${release}/CHECKSUMS`,
        member: 'kubeconform',
      };
    },
  },
  {
    name: 'kube-score',
    version: '1.20.0',
    module: 'checks',
    package: 'github.com/zegl/kube-score/cmd/kube-score',
    stamp: '-X main.version=1.20.0',
    versionArguments: ['version'],
    versionPattern: /(\d+\.\d+\.\d+)/,
    fits: sameMinor('1.20.0'),
    download: ({ os, arch }) => {
      const release = 'https://github.com/zegl/kube-score/releases/download/v1.20.0';
      return {
        url: `${release}/kube-score_1.20.0_${os}_${arch}.tar.gz`,
        sumsUrl: `${release}/checksums.txt`,
        member: 'kube-score',
      };
    },
  },
  {
    name: 'promtool',
    version: '3.15.0',
    module: 'monitoring',
    // Prometheus numbers its modules v0.300 + minor.
    moduleVersion: '0.315.0',
    package: 'github.com/prometheus/prometheus/cmd/promtool',
    stamp: '-X github.com/prometheus/common/version.Version=3.15.0',
    // Without the clients of two dozen clouds, which only find scrape targets.
    tags: 'remove_all_sd',
    versionArguments: ['--version'],
    versionPattern: /version (\d+\.\d+\.\d+)/,
    fits: atLeast('3.5.0'),
    download: ({ os, arch }) => {
      const archive = `prometheus-3.15.0.${os}-${arch}`;
      const release = 'https://github.com/prometheus/prometheus/releases/download/v3.15.0';
      return {
        url: `${release}/${archive}.tar.gz`,
        sumsUrl: `${release}/sha256sums.txt`,
        member: `${archive}/promtool`,
      };
    },
  },
  {
    name: 'actionlint',
    version: '1.7.12',
    module: 'workflows',
    package: 'github.com/rhysd/actionlint/cmd/actionlint',
    stamp: '-X github.com/rhysd/actionlint.version=1.7.12',
    versionArguments: ['-version'],
    versionPattern: /^v?(\d+\.\d+\.\d+)/m,
    fits: atLeast('1.7.12'),
    download: ({ os, arch }) => {
      const release = 'https://github.com/rhysd/actionlint/releases/download/v1.7.12';
      return {
        url: `${release}/actionlint_1.7.12_${os}_${arch}.tar.gz`,
        sumsUrl: `${release}/actionlint_1.7.12_checksums.txt`,
        member: 'actionlint',
      };
    },
  },
  {
    name: 'amtool',
    version: '0.34.2',
    module: 'monitoring',
    package: 'github.com/prometheus/alertmanager/cmd/amtool',
    stamp: '-X github.com/prometheus/common/version.Version=0.34.2',
    tags: 'remove_all_sd',
    versionArguments: ['--version'],
    versionPattern: /version (\d+\.\d+\.\d+)/,
    fits: atLeast('0.28.0'),
    download: ({ os, arch }) => {
      const archive = `alertmanager-0.34.2.${os}-${arch}`;
      const release = 'https://github.com/prometheus/alertmanager/releases/download/v0.34.2';
      return {
        url: `${release}/${archive}.tar.gz`,
        sumsUrl: `${release}/sha256sums.txt`,
        member: `${archive}/amtool`,
      };
    },
  },
];

/** The platform that this process runs on, in Go's names. */
export function currentPlatform(): Platform {
  return { os: process.platform, arch: process.arch === 'x64' ? 'amd64' : process.arch };
}

function atLeast(wanted: string): (version: string) => boolean {
  return (version) => {
    const [major = 0, minor = 0] = numbers(wanted);
    const [foundMajor = 0, foundMinor = 0] = numbers(version);
    return foundMajor === major && foundMinor >= minor;
  };
}

function sameMinor(wanted: string): (version: string) => boolean {
  return (version) => numbers(version).slice(0, 2).join('.') === numbers(wanted).slice(0, 2).join('.');
}

function numbers(version: string): number[] {
  return version.split('.').map(Number);
}
