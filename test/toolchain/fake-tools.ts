/** A little world for the tool chain: folders, fake programs and a fake Go. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ToolPin } from '../../automation/toolchain/pins.ts';

export interface FakeWorld {
  root: string;
  cache: string;
  modules: string;
  /** A folder for PATH that holds the fake `go`, which notes each build in `builds`. */
  goFolder: string;
  builds(): Promise<string[]>;
  /** Lets builds that were told to wait go on. */
  letBuildsEnd(): Promise<void>;
  remove(): Promise<void>;
}

/** A program that prints a version. */
export async function fakeProgram(path: string, version: string): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\necho "v${version}"\n`);
  await chmod(path, 0o755);
  return path;
}

/** A provider's plugin that serves its version, and nothing else, as the engine asks for it. */
export async function fakePlugin(path: string, version: string): Promise<string> {
  const { resolve } = createRequire(import.meta.url);
  const load = (name: string) => `require(${JSON.stringify(resolve(name))})`;
  await mkdir(dirname(path), { recursive: true });
  const program = `#!${process.execPath}
const { Server, ServerCredentials } = ${load('@grpc/grpc-js')};
const { ResourceProviderService } = ${load('@pulumi/pulumi/proto/provider_grpc_pb.js')};
const { PluginInfo } = ${load('@pulumi/pulumi/proto/plugin_pb.js')};
const info = new PluginInfo();
info.setVersion('v${version}');
const server = new Server();
server.addService(ResourceProviderService, { getPluginInfo: (_, answer) => answer(null, info) });
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (_, port) => console.log(port));
`;
  await writeFile(path, program, { mode: 0o755 });
  return path;
}

export interface FakeGo {
  /** Waits, with a half-written program, until `letBuildsEnd`. */
  waits?: boolean;
  /** Default 1.26.0. */
  version?: string;
  /** Its setting GOTOOLCHAIN; default `auto`. */
  toolchain?: string;
  /** The program that it builds does not run. */
  broken?: boolean;
}

export async function fakeWorld(go: FakeGo = {}): Promise<FakeWorld> {
  const root = await mkdtemp(join(tmpdir(), 'tenantry-tools-'));
  const goFolder = join(root, 'go');
  const log = join(root, 'builds.log');
  const gate = join(root, 'gate');
  await mkdir(goFolder);
  await mkdir(join(root, 'modules', 'fake'), { recursive: true });
  // go build … -o <folder>/ <package>: the program takes the package's last part as its name.
  const script = `#!/bin/sh
[ "$1" = list ] && exit 0
[ "$1 $2" = "env GOVERSION" ] && echo go${go.version ?? '1.26.0'} && exit 0
[ "$1 $2" = "env GOTOOLCHAIN" ] && echo ${go.toolchain ?? 'auto'} && exit 0
while [ $# -gt 1 ]; do [ "$1" = -o ] && out="$2"; shift; done
file="$out$(basename "$1")"
echo "$1 $$" >> ${log}
printf '#!/bin/sh\\necho "v' > "$file"
chmod 755 "$file"
${go.waits ? `while [ ! -e ${gate} ]; do sleep 0.05; done` : ''}
printf '1.2.3"\\n' >> "$file"
${go.broken ? 'printf "exit 1\\n" >> "$file"' : ''}
`;
  await writeFile(join(goFolder, 'go'), script);
  await chmod(join(goFolder, 'go'), 0o755);
  return {
    root,
    cache: join(root, 'cache'),
    modules: join(root, 'modules'),
    goFolder,
    builds: async () =>
      (await readFile(log, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    letBuildsEnd: () => writeFile(gate, ''),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** A pin of version 1.2.3 that can be built only, unless a download is given. */
export function fakePin(download: ToolPin['download'] = () => null): ToolPin {
  return {
    name: 'kwok',
    version: '1.2.3',
    module: 'fake',
    package: 'example.test/cmd/kwok',
    stamp: '',
    versionArguments: [],
    versionPattern: /v(\d+\.\d+\.\d+)/,
    fits: (version) => version.startsWith('1.2.'),
    download,
  };
}
