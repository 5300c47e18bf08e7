/** Keys, certificates, tokens and kubeconfig files of the local control plane; made once, then kept. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createAuthority, createCertificate } from './certificates.ts';

/** The holders of tokens. The apiserver itself makes the RBAC roles of `system:kube-*`. */
const identities = {
  admin: { user: 'tenantry:admin', groups: ['system:masters'] },
  controllerManager: { user: 'system:kube-controller-manager', groups: [] },
  scheduler: { user: 'system:kube-scheduler', groups: [] },
  // kwok plays every node's kubelet at once, which no single RBAC role of the apiserver covers.
  kwok: { user: 'tenantry:kwok', groups: ['system:masters'] },
} as const;

type Identity = keyof typeof identities;

export interface ClusterCredentials {
  folder: string;
  authorityFile: string;
  servingCertificateFile: string;
  servingKeyFile: string;
  serviceAccountKeyFile: string;
  serviceAccountPublicKeyFile: string;
  tokenFile: string;
  authorityPem: string;
  servingKeyPem: string;
  servingCertificatePem: string;
  tokens: Record<Identity, string>;
}

const hosts = [
  '127.0.0.1',
  '10.96.0.1',
  'localhost',
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
];

/** Reads the credentials in `folder`, or makes them. Only the folder's owner can read it. */
export async function keptCredentials(folder: string): Promise<ClusterCredentials> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const bundleFile = join(folder, 'credentials.json');
  const bundle = (await readBundle(bundleFile)) ?? (await makeBundle(bundleFile));
  const file = async (name: string, content: string) => {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    return path;
  };
  const rows = (Object.keys(identities) as Identity[]).map((identity) => {
    const { user, groups } = identities[identity];
    return [
      bundle.tokens[identity],
      user,
      user,
      ...(groups.length > 0 ? [`"${groups.join(',')}"`] : []),
    ].join(',');
  });
  return {
    folder,
    authorityFile: await file('ca.crt', bundle.authority),
    servingCertificateFile: await file('server.crt', bundle.certificate),
    servingKeyFile: await file('server.key', bundle.key),
    serviceAccountKeyFile: await file('service-account.key', bundle.serviceAccountKey),
    serviceAccountPublicKeyFile: await file('service-account.pub', bundle.serviceAccountPublicKey),
    tokenFile: await file('tokens.csv', `${rows.join('\n')}\n`),
    authorityPem: bundle.authority,
    servingCertificatePem: bundle.certificate,
    servingKeyPem: bundle.key,
    tokens: bundle.tokens,
  };
}

/** Writes a kubeconfig (0600) for one identity and returns its path. */
export async function writeKubeconfig(
  credentials: ClusterCredentials,
  identity: Identity,
  server: string,
  path: string,
): Promise<string> {
  // JSON is YAML: every Kubernetes client reads it.
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'tenantry-local',
        cluster: {
          server,
          'certificate-authority-data': Buffer.from(credentials.authorityPem).toString('base64'),
        },
      },
    ],
    users: [{ name: identity, user: { token: credentials.tokens[identity] } }],
    contexts: [{ name: 'tenantry-local', context: { cluster: 'tenantry-local', user: identity } }],
    'current-context': 'tenantry-local',
  };
  await writeFile(`${path}.new`, JSON.stringify(config, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return path;
}

interface Bundle {
  authority: string;
  certificate: string;
  key: string;
  serviceAccountKey: string;
  serviceAccountPublicKey: string;
  tokens: Record<Identity, string>;
}

async function readBundle(file: string): Promise<Bundle | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Bundle);
}

async function makeBundle(file: string): Promise<Bundle> {
  const authority = createAuthority('tenantry-local-ca');
  const serving = createCertificate(authority, 'kube-apiserver', hosts);
  const serviceAccount = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const token = () => randomBytes(32).toString('base64url');
  const bundle: Bundle = {
    authority: authority.certificatePem,
    certificate: serving.certificatePem,
    key: serving.privateKeyPem,
    serviceAccountKey: serviceAccount.privateKey.export({ type: 'sec1', format: 'pem' }).toString(),
    serviceAccountPublicKey: serviceAccount.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    tokens: { admin: token(), controllerManager: token(), scheduler: token(), kwok: token() },
  };
  await writeFile(`${file}.new`, JSON.stringify(bundle), { mode: 0o600 });
  await rename(`${file}.new`, file);
  return bundle;
}
