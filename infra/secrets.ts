/** Secrets Manager: secrets that the platform makes, and empty ones for what only a person can bring. */
import * as aws from '@pulumi/aws';
import { type Input, interpolate, type Output } from '@pulumi/pulumi';
import { RandomPassword } from '@pulumi/random';
import type { PlatformConfig } from './config.ts';
import type { Keys } from './keys.ts';

export interface Secrets {
  /** `{"secretKey": "sk_…", "webhookSecret": "whsec_…"}`; an operator stores it before the control plane starts. */
  readonly stripe: aws.secretsmanager.Secret;
}

/** Days in which a deleted secret can be restored; a dev stack may be recreated the same day. */
const recoveryDays = { dev: 0, staging: 7, prod: 30 } as const;

/**
 * The secrets whose values come from outside. They have no version until somebody writes one, so no state holds one.
 */
export function createSecrets(config: PlatformConfig, keys: Keys): Secrets {
  return {
    stripe: createSecret('stripe', { config, keys, description: 'Stripe: secret key and webhook secret' }),
  };
}

/** Name of a secret of this cell in Secrets Manager. */
export function secretName(config: Pick<PlatformConfig, 'cellId'>, name: string): string {
  return `tenantry/${config.cellId}/${name}`;
}

/**
 * A secret of this cell, copied to the region of disaster recovery where there is one.
 * @param args.value the value that the program makes itself; left out where an operator stores it
 */
export function createSecret(
  name: string,
  args: { config: PlatformConfig; keys: Keys; description: string; value?: Input<string> },
): aws.secretsmanager.Secret {
  const { config, keys, description, value } = args;
  const secret = new aws.secretsmanager.Secret(name, {
    name: secretName(config, name),
    description,
    kmsKeyId: keys.secrets.arn,
    recoveryWindowInDays: recoveryDays[config.environment],
    ...(config.storage.replicaRegion &&
      keys.replica && {
        replicas: [{ region: config.storage.replicaRegion, kmsKeyId: keys.replica.secrets.arn }],
      }),
  });
  if (value !== undefined) {
    new aws.secretsmanager.SecretVersion(name, { secretId: secret.id, secretString: value });
  }
  return secret;
}

/**
 * A random value that all cells of an environment share: the home cell makes it, and the others read it from there,
 * at their first deployment and when it changes.
 */
export function homeSecret(
  name: string,
  args: { config: PlatformConfig; keys: Keys; description: string },
): Output<string> {
  const { config } = args;
  if (config.primary) {
    const value = new RandomPassword(name, { length: 48, special: false }).result;
    createSecret(name, { ...args, value });
    return value;
  }
  const secretId = secretName({ cellId: config.homeCellId }, name);
  const version = aws.secretsmanager.getSecretVersionOutput({ secretId, region: config.homeRegion });
  return interpolate`${version.secretString}`;
}
