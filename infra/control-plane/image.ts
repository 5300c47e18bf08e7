/** Which image the control plane runs: the configured one, or the one that the last deployment recorded. */
import * as aws from '@pulumi/aws';
import { imageReference } from '../config/schema.ts';
import type { PlatformConfig } from '../config.ts';

/**
 * The image's reference. A deployment records it in the parameter that `tenantry:controlPlane.imageParameter` names
 * before it runs `pulumi up`, so that every later `up` and every preview, from anywhere, uses the deployed image.
 * @throws Error when there is no such parameter, or it holds something else
 */
export async function deployedImage(config: PlatformConfig): Promise<string> {
  const { image, imageParameter } = config.controlPlane;
  if (image !== undefined) return image;
  const name = imageParameter ?? '';
  const where = `the parameter ${name} in ${config.region}`;
  // The output `value` counts as secret; a reference is none.
  const { insecureValue } = await aws.ssm
    .getParameter({ name, region: config.region })
    .catch((cause: unknown) => {
      throw new Error(
        `tenantry:controlPlane.imageParameter: ${where} cannot be read. Before the first deployment: ` +
          `aws ssm put-parameter --region ${config.region} --name ${name} --type String --value <image>`,
        { cause },
      );
    });
  const parsed = imageReference.safeParse(insecureValue);
  if (parsed.success) return parsed.data;
  const allowed = parsed.error.issues[0]?.message ?? 'an image';
  throw new Error(`${where} holds ${JSON.stringify(insecureValue)}; allowed: ${allowed}`);
}
