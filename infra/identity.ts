/** Who people are: a Cognito user pool in the cell's region, or an issuer that the operator already has. */
import * as aws from '@pulumi/aws';
import { all, type Input, type Output, output } from '@pulumi/pulumi';
import type { PlatformConfig } from './config.ts';
import { hostNames } from './edge/names.ts';
import type { Edge } from './edge.ts';
import { createFunction } from './functions.ts';
import { createSender } from './identity/mail.ts';
import type { Keys } from './keys.ts';

/** What the API needs to check tokens, and the page to request them. */
export interface Identity {
  readonly issuer: Output<string>;
  readonly clientId: Output<string>;
  /** `aud` of access tokens. */
  readonly audience: Output<string>;
  /** Scopes that the page requests, separated by spaces. */
  readonly scope: string;
  /** Further issuers whose tokens the API accepts: the home user pool, and those that the configuration names. */
  readonly alsoTrusted: Output<readonly TrustedIssuer[]>;
}

/** As the API reads it (`OIDC_ALSO_TRUSTED`). */
interface TrustedIssuer {
  readonly issuer: string;
  readonly clientId: string;
  readonly audience: string;
  readonly scope: string;
  /** Name under which this cell serves people of that issuer. */
  readonly host?: string;
}

/** The trigger adds `tenant` and `operator`, which Cognito cannot be asked for. */
const poolScope = 'openid profile email';

/** Life of tokens: figures of the platform's identity (1 h, 30 d). */
export const tokenLifetimes = { accessHours: 1, idHours: 1, refreshDays: 30 } as const;

export const passwordPolicy = {
  minimumLength: 12,
  requireLowercase: true,
  requireUppercase: true,
  requireNumbers: true,
  requireSymbols: true,
  temporaryPasswordValidityDays: 3,
  /** This many old passwords cannot be reused. */
  passwordHistorySize: 5,
} as const;

/** Attributes of the pool that become claims. Administrators of the pool write them, never the user. */
export const claimAttributes = ['organization_id', 'role'] as const;

/** Makes the pool, unless the configuration names an outside issuer. */
export function createIdentity(config: PlatformConfig, args: { keys: Keys; edge: Edge }): Identity {
  const { identity } = config;
  if (identity.kind === 'oidc') {
    return {
      issuer: output(identity.issuer),
      clientId: output(identity.clientId),
      // Registered with the issuer under this name.
      audience: output('tenantry'),
      scope: 'openid profile email tenant',
      alsoTrusted: output([]),
    };
  }
  const pool = createPool(config, identity.totp, args);
  const client = createClient(config, pool.id);
  createSignInPage(config, { pool, client, edge: args.edge });
  return {
    issuer: pool.id.apply((id) => issuerOf(config.region, id)),
    clientId: client.id,
    // The trigger adds it; Cognito accepts no other.
    audience: client.id,
    scope: poolScope,
    alsoTrusted: trustedBeside(config, identity.alsoTrusted),
  };
}

/**
 * Pools that the API of this cell accepts besides its own: the home pool, as this cell serves home's name during a
 * failover, found by its name since nothing here reads another stack's outputs; and those that the configuration
 * names.
 */
function trustedBeside(
  config: PlatformConfig,
  named: readonly { readonly issuer: string; readonly clientId: string }[],
): Output<readonly TrustedIssuer[]> {
  const trusted = (issuer: string, clientId: string): TrustedIssuer => ({
    issuer,
    clientId,
    audience: clientId,
    scope: poolScope,
  });
  const others = named.map(({ issuer, clientId }) => trusted(issuer, clientId));
  const { home } = config;
  if (home === undefined) return output(others);
  const { region, cellId } = home;
  const poolId = aws.cognito
    .getUserPoolsOutput({ name: cellId, region })
    .ids.apply(([id]) => id ?? missing(`user pool ${cellId} in ${region}`));
  const clients = aws.cognito.getUserPoolClientsOutput({ userPoolId: poolId, region });
  const clientId = all([clients.clientIds, clients.clientNames]).apply(
    ([ids, names]) =>
      ids[names.findIndex((name) => name.endsWith(pageClient))] ?? missing(`client of the page in ${cellId}`),
  );
  return all([poolId, clientId]).apply(([pool, client]) => [
    { ...trusted(issuerOf(region, pool), client), host: config.domain },
    ...others,
  ]);
}

function missing(what: string): never {
  throw new Error(`There is no ${what}: deploy the home stack first.`);
}

function issuerOf(region: string, poolId: string): string {
  return `https://cognito-idp.${region}.amazonaws.com/${poolId}`;
}

/** Suffix of the name of a pool's client for the page. */
const pageClient = '-page';

function createPool(
  config: PlatformConfig,
  totp: 'optional' | 'off',
  args: { keys: Keys; edge: Edge },
): aws.cognito.UserPool {
  const claims = createFunction('token-claims', {
    config,
    keys: args.keys,
    description: 'Claims of every token of the user pool',
    source: new URL('./identity/pre-token-generation.ts', import.meta.url),
    // Cognito's own limit.
    timeoutSeconds: 5,
    memoryMb: 128,
  });
  const sender = createSender(config, args.edge.zoneId);
  const pool = new aws.cognito.UserPool(
    'users',
    {
      name: config.cellId,
      // Access tokens with our own claims need it.
      userPoolTier: 'ESSENTIALS',
      usernameAttributes: ['email'],
      usernameConfiguration: { caseSensitive: false },
      autoVerifiedAttributes: ['email'],
      // A new address counts once its code has been entered.
      userAttributeUpdateSettings: { attributesRequireVerificationBeforeUpdates: ['email'] },
      accountRecoverySetting: { recoveryMechanisms: [{ name: 'verified_email', priority: 1 }] },
      adminCreateUserConfig: { allowAdminCreateUserOnly: false },
      passwordPolicy,
      mfaConfiguration: totp === 'optional' ? 'OPTIONAL' : 'OFF',
      ...(totp === 'optional' && { softwareTokenMfaConfiguration: { enabled: true } }),
      deletionProtection: config.environment === 'dev' ? 'INACTIVE' : 'ACTIVE',
      schemas: claimAttributes.map((name) => ({
        name,
        attributeDataType: 'String',
        mutable: true,
        required: false,
        stringAttributeConstraints: { minLength: '0', maxLength: '64' },
      })),
      emailConfiguration: {
        emailSendingAccount: 'DEVELOPER',
        sourceArn: sender.arn,
        fromEmailAddress: `Tenantry <no-reply@${config.domain}>`,
      },
      lambdaConfig: { preTokenGenerationConfig: { lambdaArn: claims.arn, lambdaVersion: 'V2_0' } },
    },
    { protect: config.environment === 'prod', dependsOn: [sender.verified] },
  );
  new aws.lambda.Permission('token-claims', {
    function: claims.name,
    action: 'lambda:InvokeFunction',
    principal: 'cognito-idp.amazonaws.com',
    sourceArn: pool.arn,
  });
  new aws.cognito.UserGroup('operators', {
    userPoolId: pool.id,
    name: 'operators',
    description: 'See and retry every tenant',
  });
  return pool;
}

/** The page: a browser client without a secret, which proves itself by PKCE. */
function createClient(config: PlatformConfig, userPoolId: Input<string>): aws.cognito.UserPoolClient {
  const page = `https://${hostNames(config).public}/`;
  return new aws.cognito.UserPoolClient('page', {
    name: `${config.cellId}${pageClient}`,
    userPoolId,
    generateSecret: false,
    allowedOauthFlowsUserPoolClient: true,
    allowedOauthFlows: ['code'],
    allowedOauthScopes: ['openid', 'profile', 'email'],
    supportedIdentityProviders: ['COGNITO'],
    callbackUrls: [page],
    logoutUrls: [page],
    explicitAuthFlows: ['ALLOW_USER_SRP_AUTH'],
    // A refresh token works once; a page that lost the answer may ask again within a minute.
    refreshTokenRotation: { feature: 'ENABLED', retryGracePeriodSeconds: 60 },
    accessTokenValidity: tokenLifetimes.accessHours,
    idTokenValidity: tokenLifetimes.idHours,
    refreshTokenValidity: tokenLifetimes.refreshDays,
    tokenValidityUnits: { accessToken: 'hours', idToken: 'hours', refreshToken: 'days' },
    enableTokenRevocation: true,
    // Does not reveal whether an address has an account.
    preventUserExistenceErrors: 'ENABLED',
    readAttributes: ['email', 'email_verified', 'name', ...claimAttributes.map((name) => `custom:${name}`)],
    // Not the attributes that become claims: nobody makes themselves an administrator.
    writeAttributes: ['email', 'name'],
  });
}

function createSignInPage(
  config: PlatformConfig,
  args: { pool: aws.cognito.UserPool; client: aws.cognito.UserPoolClient; edge: Edge },
): void {
  const { pool, client, edge } = args;
  const { signIn } = hostNames(config);
  const domain = new aws.cognito.UserPoolDomain(
    'sign-in',
    {
      userPoolId: pool.id,
      domain: signIn,
      certificateArn: edge.globalCertificateArn,
      managedLoginVersion: 2,
    },
    { dependsOn: [edge.publicRecord] },
  );
  new aws.cognito.ManagedLoginBranding('sign-in', {
    userPoolId: pool.id,
    clientId: client.id,
    useCognitoProvidedValues: true,
  });
  new aws.route53.Record('sign-in', {
    zoneId: edge.zoneId,
    name: signIn,
    type: 'A',
    aliases: [
      {
        name: domain.cloudfrontDistribution,
        zoneId: domain.cloudfrontDistributionZoneId,
        evaluateTargetHealth: false,
      },
    ],
  });
}
