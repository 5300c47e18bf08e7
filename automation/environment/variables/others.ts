import { text } from '../kinds.ts';
import type { Reader, Section, Variable } from '../variable.ts';

const everyone = ['api', 'worker', 'migrate', 'start', 'tenantry', 'tests'] as const;

const other = (about: string, readBy: readonly Reader[] = everyone, unset = '') =>
  ({ kind: text, about, unset, readBy }) satisfies Variable;

export const others = {
  title: "Other programs' variables",
  about:
    'Defined elsewhere and used here, by us or by the libraries and programs that we run. Programs that we start (the engine, credential plugins of a kubeconfig, Go) get the whole environment.',
  variables: {
    PATH: other('Where tools are looked for.'),
    HOME: other("The user's home folder."),
    XDG_CACHE_HOME: other("The user's cache folder.", everyone, '`~/.cache`'),
    HTTPS_PROXY: other(
      'The proxy of downloads and requests to other machines, also as `https_proxy`, `HTTP_PROXY` and `http_proxy`. This machine is always reached directly.',
    ),
    https_proxy: other('As `HTTPS_PROXY`.'),
    HTTP_PROXY: other('As `HTTPS_PROXY`.'),
    http_proxy: other('As `HTTPS_PROXY`.'),
    NO_PROXY: other('Hosts that are reached without the proxy, separated by commas; also as `no_proxy`.'),
    no_proxy: other('As `NO_PROXY`.'),
    NODE_COMPILE_CACHE: other(
      'The folder in which Node keeps compiled code, so that processes start sooner.',
      everyone,
      '`node_modules/.cache/tenantry/compiled`',
    ),
    NODE_EXTRA_CA_CERTS: other('More certificate authorities that Node trusts.'),
    GOFLAGS: other('Flags for the Go that builds tools.', ['worker', 'start', 'tenantry', 'tests']),
    npm_lifecycle_event: other('Set by npm: the command ends when npm is killed.'),
    npm_execpath: other('Set by npm: the npm that installs missing packages.'),
    AWS_REGION: other('The region of AWS clients.', ['api', 'worker', 'start', 'tenantry']),
    AWS_ACCESS_KEY_ID: awsCredentials(),
    AWS_PROFILE: awsCredentials(),
    AWS_WEB_IDENTITY_TOKEN_FILE: awsCredentials(),
    AWS_CONTAINER_CREDENTIALS_FULL_URI: awsCredentials(),
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: awsCredentials(),
    VAULT_ADDR: other('The key service of a `hashivault://` secrets provider.', [
      'worker',
      'start',
      'tenantry',
    ]),
    VAULT_TOKEN: other('The token for `VAULT_ADDR`.', ['worker', 'start', 'tenantry']),
  },
} as const satisfies Section;

function awsCredentials() {
  return other(
    'Credentials of an AWS account; with them previews ask the account instead of simulating it.',
    ['api', 'worker', 'start', 'tenantry'],
  );
}
