import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { PluginInfo } from '@pulumi/pulumi/proto/plugin_pb.js';

const timeoutMs = 20_000;

/**
 * The version that a provider's plugin reports when run and asked as the engine asks it (`GetPluginInfo`); undefined
 * when it does not start or does not answer.
 */
export async function readPluginVersion(path: string): Promise<string | undefined> {
  try {
    return await askVersion(path);
  } catch {
    return undefined;
  }
}

async function askVersion(path: string): Promise<string | undefined> {
  // Without an engine's address it waits for one to attach.
  const plugin = spawn(path, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent' },
    signal: AbortSignal.timeout(timeoutMs),
  });
  const failed = once(plugin, 'error').then(([error]) => Promise.reject(error));
  try {
    const port = await Promise.race([firstLine(plugin.stdout), failed]);
    return port !== undefined && /^\d+$/.test(port) ? await askAt(port) : undefined;
  } finally {
    plugin.kill('SIGKILL');
  }
}

async function askAt(port: string): Promise<string | undefined> {
  // Only a plugin that is looked at needs these.
  const { credentials, Metadata } = await import('@grpc/grpc-js');
  const { default: providerRpc } = await import('@pulumi/pulumi/proto/provider_grpc_pb.js');
  const { default: emptyPb } = await import('google-protobuf/google/protobuf/empty_pb.js');
  const client = new providerRpc.ResourceProviderClient(`127.0.0.1:${port}`, credentials.createInsecure());
  try {
    const info = await new Promise<PluginInfo>((resolve, reject) =>
      client.getPluginInfo(
        new emptyPb.Empty(),
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
        (error, answer) => (error ? reject(error) : resolve(answer)),
      ),
    );
    return info.getVersion().replace(/^v/, '') || undefined;
  } finally {
    client.close();
  }
}

async function firstLine(input: Readable): Promise<string | undefined> {
  for await (const line of createInterface({ input })) return line;
  return undefined;
}
