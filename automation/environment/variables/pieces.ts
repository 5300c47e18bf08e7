import {
  backendUrl,
  mailAddress,
  onOff,
  path,
  postgresUrl,
  postgresUrls,
  secretsProvider,
  smtpUrl,
  stripeKey,
  text,
  trustedIssuers,
  url,
  webhookSecrets,
} from '../kinds.ts';
import type { Section } from '../variable.ts';

export const pieces = {
  title: 'What replaces a piece of the embedded default',
  about: '`npm start` embeds every piece that no variable names.',
  variables: {
    DATABASE_URL: {
      kind: postgresUrl,
      about:
        "The control plane's PostgreSQL, version 17 or newer, by a login role with CREATEDB and CREATEROLE.",
      unset: 'embedded',
      readBy: ['api', 'worker', 'migrate', 'start', 'tenantry'],
      requiredBy: ['api', 'worker', 'migrate'],
      secret: true,
    },
    TENANT_DATABASE_URL: {
      kind: postgresUrl,
      about:
        "The tenants' database, on a PostgreSQL server of its own, version 17 or newer, by a login role with CREATEDB and CREATEROLE; a superuser [closes more](isolation.md).",
      unset: 'embedded; required without `start`',
      readBy: ['worker', 'migrate', 'start', 'tenantry'],
      secret: true,
    },
    TENANTRY_TENANTS_SHARE_DATABASE_SERVER: {
      kind: onOff,
      about:
        "With `on` the tenants' databases may be on the server of `DATABASE_URL`, by default in `<database>_tenants`. Do not: a tenant's login can then [stop the control plane](isolation.md). Every start and `/readyz` warn of it.",
      default: 'off',
      readBy: ['api', 'worker', 'migrate', 'start', 'tenantry'],
    },
    TENANT_DATABASE_SERVERS: {
      kind: postgresUrls,
      about: 'Database servers that belong to one tenant each.',
      default: '{}',
      readBy: ['worker', 'tenantry'],
      secret: true,
    },
    KUBECONFIG: {
      kind: path,
      about: 'The kubeconfig file of the cluster that tenants live in.',
      default: '~/.kube/config',
      unset: '`~/.kube/config`; `start` embeds a cluster',
      readBy: ['worker', 'start', 'tenantry'],
    },
    STRIPE_SECRET_KEY: {
      kind: stripeKey,
      about: 'The Stripe account; it needs the catalog (`tenantry catalog sync`).',
      unset: 'embedded simulator',
      readBy: ['api', 'worker', 'start', 'tenantry'],
      requiredBy: ['api', 'worker'],
      secret: true,
    },
    STRIPE_WEBHOOK_SECRET: {
      kind: webhookSecrets,
      about:
        'Signing secret of the event destination at `/webhooks/stripe`; two while you rotate it. Without it `start` takes no events of your own account, and the sweep finds a payment within a minute.',
      unset: 'made by `start`',
      readBy: ['api', 'start'],
      requiredBy: ['api'],
      secret: true,
    },
    STRIPE_API_BASE: {
      kind: url,
      about: "Another server that speaks Stripe's API.",
      unset: 'https://api.stripe.com',
      readBy: ['api', 'worker', 'start', 'tenantry'],
    },
    OIDC_ISSUER: {
      kind: url,
      about:
        'The identity provider. Its access tokens are JWTs with the scope `tenant`, or `operator` for operators.',
      unset: 'embedded',
      readBy: ['api', 'start'],
      requiredBy: ['api'],
    },
    OIDC_AUDIENCE: {
      kind: text,
      about: 'The audience that access tokens must name.',
      default: 'tenantry',
      readBy: ['api', 'start'],
    },
    OIDC_CLIENT_ID: {
      kind: text,
      about: 'The public client (PKCE) that the page signs in with; it may return to `<PUBLIC_URL>/`.',
      default: 'tenantry',
      readBy: ['api'],
    },
    OIDC_SCOPE: {
      kind: text,
      about: 'The scopes that the page asks the identity provider for.',
      default: 'openid profile email tenant',
      readBy: ['api'],
    },
    OIDC_ALSO_TRUSTED: {
      kind: trustedIssuers,
      about:
        'More issuers whose tokens the API accepts; the page signs in with the one whose `host` it is served under.',
      default: '[]',
      readBy: ['api'],
    },
    PULUMI_BACKEND_URL: {
      kind: backendUrl,
      about: "Where the state of the tenants' stacks is kept. Comparisons of stacks need file:// or s3://.",
      unset: '`state` in `TENANTRY_HOME`',
      readBy: ['worker', 'start', 'tenantry'],
    },
    TENANTRY_SECRETS_PROVIDER: {
      kind: secretsProvider,
      about: "Encrypts the secrets in the stacks' state.",
      unset: 'embedded key service',
      readBy: ['worker', 'start', 'tenantry'],
      requiredBy: ['worker'],
    },
    SMTP_URL: {
      kind: smtpUrl,
      about: 'The mail server, with user and password percent-encoded.',
      unset: 'no mail is sent',
      readBy: ['worker'],
      secret: true,
    },
    MAIL_FROM: {
      kind: mailAddress,
      about: 'The sender of mail.',
      unset: 'required with `SMTP_URL`',
      readBy: ['worker'],
    },
  },
} as const satisfies Section;
