/**
 * What the SDK does not say about a resource type: the form of its id and ARN, which input is its physical name, its
 * computed outputs, and which inputs cannot change. The last follows the provider's schema (`ForceNew` and
 * `CustomizeDiff` in hashicorp/terraform-provider-aws, internal/service), id and ARN the service's documentation
 * ("Actions, resources, and condition keys", AWS Service Authorization Reference).
 */
import { computeTypes } from './types-compute.ts';
import { dataTypes } from './types-data.ts';
import { edgeTypes } from './types-edge.ts';
import { managementTypes } from './types-management.ts';

export interface ResourceType {
  /**
   * Form of the id; see `fill`. Default: the physical name, or `{kind}-{hex17}` for those that have none.
   */
  readonly id?: string;
  /** Form of the ARN after `arn:{partition}:`. */
  readonly arn?: string;
  /** Input that is the physical name: derived from the logical one when the program omits it. */
  readonly physicalName?: { readonly input: string; readonly maxLength: number; readonly prefix?: string };
  /** The pattern of physical names. */
  readonly pattern?: RegExp;
  /** Inputs whose change needs a new resource; `a.b` for one below another. */
  readonly replaces: readonly string[];
  /** Forms of computed outputs; a nested value holds forms too. */
  readonly outputs?: { readonly [output: string]: Form };
  /** Forms of the provider's additions inside an input: `vpcConfig: { clusterSecurityGroupId: … }`. */
  readonly additions?: { readonly [input: string]: { readonly [output: string]: Form } };
}

/** A text with `{id}`, `{name}`, `{region}`, `{account}`, `{hex8}`, `{digits13}`, `{uuid}` or `{input:vpcId}`. */
export type Form = string | number | boolean | readonly Form[] | { readonly [key: string]: Form };

export const resourceTypes: Readonly<Record<string, ResourceType>> = {
  ...computeTypes,
  ...dataTypes,
  ...edgeTypes,
  ...managementTypes,
};
