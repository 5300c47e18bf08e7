/** The parts of the official SDKs that the tests' programs use, loaded one by one as the product does. */
export { CustomResource } from '@pulumi/kubernetes/apiextensions/customResource.js';
export { CustomResourceDefinition } from '@pulumi/kubernetes/apiextensions/v1/customResourceDefinition.js';
export { Deployment } from '@pulumi/kubernetes/apps/v1/deployment.js';
export { ConfigMap } from '@pulumi/kubernetes/core/v1/configMap.js';
export { LimitRange } from '@pulumi/kubernetes/core/v1/limitRange.js';
export { Namespace } from '@pulumi/kubernetes/core/v1/namespace.js';
export { PersistentVolumeClaim } from '@pulumi/kubernetes/core/v1/persistentVolumeClaim.js';
export { ResourceQuota } from '@pulumi/kubernetes/core/v1/resourceQuota.js';
export { Secret } from '@pulumi/kubernetes/core/v1/secret.js';
export { Service } from '@pulumi/kubernetes/core/v1/service.js';
export { Provider } from '@pulumi/kubernetes/provider.js';
export { RoleBinding } from '@pulumi/kubernetes/rbac/v1/roleBinding.js';
export { RandomId } from '@pulumi/random/randomId.js';
export { RandomPassword } from '@pulumi/random/randomPassword.js';
export { RandomString } from '@pulumi/random/randomString.js';
