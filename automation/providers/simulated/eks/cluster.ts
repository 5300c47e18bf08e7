/**
 * The component `eks:index:Cluster`, with the parts, names and outputs of version 4 (pulumi/pulumi-eks,
 * nodejs/eks/cluster/cluster.ts). Refuses by name what it would make beyond the control plane (node groups of its
 * own, Fargate, auto mode), since a preview without them would be wrong.
 */
import { isArray, isMap, type PropertyMap, type PropertyValue, unknown } from '../../properties.ts';
import type { ConstructRequest, ConstructResult } from '../../provider.ts';
import { createServiceRole, managedPolicy, type Versions } from './iam.ts';
import { kubeconfigOf, toJsonText } from './kubeconfig.ts';
import type { Monitor, Registered } from './monitor.ts';

const notSimulated = [
  'autoMode',
  'fargate',
  'instanceRole',
  'instanceRoles',
  'nodeGroupOptions',
  'roleMappings',
  'userMappings',
  'storageClasses',
  'creationRoleProvider',
] as const;

/** Registers the component and all its parts. */
export async function constructCluster(
  request: ConstructRequest,
  monitor: Monitor,
  versions: Versions,
): Promise<ConstructResult> {
  const { name, inputs } = request;
  refuse(inputs);
  const aws = request.providers.get('aws');
  const dependsOn = [...new Set([...request.dependsOn, ...[...request.inputDependencies.values()].flat()])];
  const component = await monitor.register({
    type: 'eks:index:Cluster',
    name,
    parent: request.parent,
    custom: false,
    inputs: {},
    protect: request.protect,
    providers: request.providers,
  });
  const parts: Registered[] = [];
  const part = async (
    type: string,
    partName: string,
    partInputs: PropertyMap,
    more: { dependsOn?: readonly string[]; parent?: string; ignoreChanges?: readonly string[] } = {},
  ): Promise<Registered> => {
    const registered = await monitor.register({
      type,
      name: partName,
      parent: more.parent ?? component.urn,
      inputs: partInputs,
      version: versions.aws,
      provider: aws,
      dependsOn: [...dependsOn, ...(more.dependsOn ?? [])],
      ...(more.ignoreChanges && { ignoreChanges: more.ignoreChanges }),
    });
    parts.push(registered);
    return registered;
  };

  const { tags = {} } = inputs;
  const partition = await monitor.invoke('aws:index/getPartition:getPartition', {}, versions.aws, aws);
  const role = isReference(inputs.serviceRole)
    ? undefined
    : await createServiceRole(monitor, {
        name: `${name}-eksRole`,
        parent: component.urn,
        service: 'eks.amazonaws.com',
        description: 'Allows EKS to manage clusters on your behalf.',
        actions: ['sts:AssumeRole', 'sts:TagSession'],
        policies: [managedPolicy('AmazonEKSClusterPolicy', partition)],
        tags,
        provider: aws,
        dependsOn,
        versions,
      });
  if (role) parts.push(role.role, ...role.attachments);

  const securityGroup = inputs.skipDefaultSecurityGroups === true ? undefined : await defaultSecurityGroup();
  const subnetIds = inputs.subnetIds ?? [
    ...listOf(inputs.publicSubnetIds),
    ...listOf(inputs.privateSubnetIds),
  ];
  const cluster = await part(
    'aws:eks/cluster:Cluster',
    `${name}-eksCluster`,
    {
      ...copied(inputs, ['name', 'version', 'enabledClusterLogTypes', 'upgradePolicy', 'deletionProtection']),
      roleArn: role?.role.outputs.arn ?? unknown,
      bootstrapSelfManagedAddons: inputs.bootstrapSelfManagedAddons ?? true,
      vpcConfig: {
        ...(securityGroup && { securityGroupIds: [securityGroup.id] }),
        subnetIds,
        ...copied(inputs, ['endpointPrivateAccess', 'endpointPublicAccess', 'publicAccessCidrs']),
      },
      tags: { Name: `${name}-eksCluster`, ...mapOf(inputs.clusterTags), ...mapOf(tags) },
      ...(inputs.encryptionConfigKeyArn !== undefined && {
        encryptionConfig: {
          provider: { keyArn: inputs.encryptionConfigKeyArn },
          resources: ['secrets'],
        },
      }),
      ...(inputs.kubernetesServiceIpAddressRange !== undefined || inputs.ipFamily !== undefined
        ? {
            kubernetesNetworkConfig: {
              ipFamily: inputs.ipFamily ?? 'ipv4',
              ...(inputs.kubernetesServiceIpAddressRange !== undefined && {
                serviceIpv4Cidr: inputs.kubernetesServiceIpAddressRange,
              }),
            },
          }
        : {}),
      ...(inputs.authenticationMode !== undefined && {
        accessConfig: {
          authenticationMode: inputs.authenticationMode,
          bootstrapClusterCreatorAdminPermissions: true,
        },
      }),
    },
    {
      dependsOn: role ? role.attachments.map(({ urn }) => urn) : [],
      ignoreChanges: ['accessConfig.bootstrapClusterCreatorAdminPermissions', 'bootstrapSelfManagedAddons'],
    },
  );
  const clusterName = cluster.outputs.name ?? unknown;

  await addon('kube-proxy', mapOf(inputs.kubeProxyAddonOptions));
  const kubeconfig = kubeconfigOf(cluster.outputs, mapOf(inputs.providerCredentialOpts));
  const provider = await monitor.register({
    type: 'pulumi:providers:kubernetes',
    name: `${name}-eks-k8s`,
    parent: component.urn,
    inputs: { kubeconfig: toJsonText(kubeconfig) },
    version: versions.kubernetes,
    dependsOn: [cluster.urn],
  });
  await createAccessEntries();
  if (inputs.useDefaultVpcCni !== true) await vpcCni();
  // Without the component's own nodes, it installs DNS only on request.
  if (mapOf(inputs.corednsAddonOptions).enabled === true) {
    await addon('coredns', mapOf(inputs.corednsAddonOptions));
  }
  const issuer = issuerOf(cluster.outputs);
  const oidc =
    inputs.createOidcProvider === true
      ? await part('aws:iam/openIdConnectProvider:OpenIdConnectProvider', `${name}-oidcProvider`, {
          clientIdLists: ['sts.amazonaws.com'],
          url: issuer,
        })
      : undefined;

  const clusterSecurityGroupId =
    securityGroup?.id ?? mapOf(cluster.outputs.vpcConfig).clusterSecurityGroupId ?? unknown;
  const endpoint = cluster.outputs.endpoint ?? unknown;
  const state: PropertyMap = {
    eksCluster: cluster.reference,
    ...(securityGroup && { clusterSecurityGroup: securityGroup.reference }),
    clusterSecurityGroupId,
    nodeSecurityGroupId: mapOf(cluster.outputs.vpcConfig).clusterSecurityGroupId ?? unknown,
    clusterIngressRuleId: '',
    defaultNodeGroupAsgName: '',
    fargateProfileId: '',
    fargateProfileStatus: '',
    autoModeNodeRoleName: '',
    instanceRoles: [],
    kubeconfig,
    kubeconfigJson: toJsonText(kubeconfig),
    oidcProviderArn: oidc?.outputs.arn ?? '',
    oidcProviderUrl: issuer,
    oidcIssuer: typeof issuer === 'string' ? issuer.replace('https://', '') : issuer,
    core: {
      cluster: cluster.reference,
      provider: provider.reference,
      endpoint,
      kubeconfig,
      subnetIds,
      instanceRoles: [],
      nodeGroupOptions: {},
      storageClasses: {},
      ...copied(inputs, ['vpcId', 'publicSubnetIds', 'privateSubnetIds', 'tags', 'nodeSecurityGroupTags']),
      ...(role && { clusterIamRole: role.role.reference }),
      ...(securityGroup && { clusterSecurityGroup: securityGroup.reference }),
      ...(oidc && { oidcProvider: oidc.reference }),
    },
  };
  await monitor.registerOutputs(component.urn, state);
  return { urn: component.urn, state, dependencies: parts.map(({ urn }) => urn) };

  async function defaultSecurityGroup(): Promise<Registered> {
    const group = await part('aws:ec2/securityGroup:SecurityGroup', `${name}-eksClusterSecurityGroup`, {
      ...copied(inputs, ['vpcId']),
      revokeRulesOnDelete: true,
      tags: {
        Name: `${name}-eksClusterSecurityGroup`,
        ...mapOf(inputs.clusterSecurityGroupTags),
        ...mapOf(tags),
      },
    });
    await part('aws:ec2/securityGroupRule:SecurityGroupRule', `${name}-eksClusterInternetEgressRule`, {
      description: 'Allow internet access.',
      type: 'egress',
      fromPort: 0,
      toPort: 0,
      protocol: '-1',
      cidrBlocks: ['0.0.0.0/0'],
      securityGroupId: group.id,
    });
    return group;
  }

  async function addonVersion(addonName: string): Promise<PropertyValue> {
    const kubernetesVersion = cluster.outputs.version ?? inputs.version ?? unknown;
    if (kubernetesVersion === unknown) return unknown;
    const asked = { addonName, kubernetesVersion, mostRecent: true };
    const found = await monitor.invoke('aws:eks/getAddonVersion:getAddonVersion', asked, versions.aws, aws);
    return found.version ?? unknown;
  }

  async function addon(addonName: string, options: PropertyMap): Promise<void> {
    if (options.enabled === false) return;
    await part('aws:eks/addon:Addon', `${name}-${addonName}`, {
      clusterName,
      addonName,
      preserve: true,
      ...(Object.keys(mapOf(tags)).length > 0 && { tags }),
      resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? 'OVERWRITE',
      resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? 'OVERWRITE',
      addonVersion: options.version ?? (await addonVersion(addonName)),
      ...(options.configurationValues !== undefined && {
        configurationValues: toJsonText(options.configurationValues),
      }),
    });
  }

  async function vpcCni(): Promise<void> {
    const options = mapOf(inputs.vpcCniOptions);
    const holder = await monitor.register({
      type: 'eks:index:VpcCniAddon',
      name: `${name}-vpc-cni`,
      parent: component.urn,
      custom: false,
      inputs: {},
    });
    const configuration: PropertyMap = {
      ...mapOf(options.configurationValues),
      ...(options.enableNetworkPolicy === true && { enableNetworkPolicy: 'true' }),
    };
    await part(
      'aws:eks/addon:Addon',
      `${name}-vpc-cni`,
      {
        clusterName,
        addonName: 'vpc-cni',
        preserve: true,
        ...(Object.keys(mapOf(tags)).length > 0 && { tags }),
        resolveConflictsOnCreate: options.resolveConflictsOnCreate ?? 'OVERWRITE',
        resolveConflictsOnUpdate: options.resolveConflictsOnUpdate ?? 'OVERWRITE',
        addonVersion: options.addonVersion ?? (await addonVersion('vpc-cni')),
        configurationValues: toJsonText(configuration),
        ...copied(options, ['serviceAccountRoleArn']),
      },
      { parent: holder.urn },
    );
    await monitor.registerOutputs(holder.urn, {});
  }

  async function createAccessEntries(): Promise<void> {
    for (const [entryName, entry] of Object.entries(mapOf(inputs.accessEntries))) {
      const {
        principalArn,
        type,
        kubernetesGroups,
        username,
        accessPolicies,
        tags: entryTags,
      } = mapOf(entry);
      const made = await part(
        'aws:eks/accessEntry:AccessEntry',
        `${name}-${entryName}`,
        present({ clusterName, principalArn, type, kubernetesGroups, userName: username, tags: entryTags }),
        { dependsOn: [cluster.urn] },
      );
      for (const [policyName, policy] of Object.entries(mapOf(accessPolicies))) {
        const { accessScope, policyArn } = mapOf(policy);
        await part(
          'aws:eks/accessPolicyAssociation:AccessPolicyAssociation',
          `${name}-${entryName}-${policyName}`,
          present({ clusterName, principalArn, policyArn, accessScope }),
          { parent: made.urn, dependsOn: [made.urn] },
        );
      }
    }
  }
}

function refuse(inputs: PropertyMap): void {
  const used = notSimulated.filter((input) => inputs[input] !== undefined && inputs[input] !== false);
  if (used.length > 0) {
    throw new Error(`eks.Cluster: the simulation does not know what follows from ${used.join(', ')}`);
  }
  if (inputs.skipDefaultNodeGroup !== true) {
    throw new Error(
      'eks.Cluster: the simulation has no default node group; set skipDefaultNodeGroup and make groups with aws.eks.NodeGroup',
    );
  }
}

function issuerOf(cluster: PropertyMap): PropertyValue {
  const identities = cluster.identities;
  const [identity] = isArray(identities) ? identities : [];
  const oidcs = mapOf(identity).oidcs;
  const [oidc] = isArray(oidcs) ? oidcs : [];
  return mapOf(oidc).issuer ?? unknown;
}

function isReference(value: PropertyValue | undefined): boolean {
  return value !== undefined;
}

function copied(map: PropertyMap, keys: readonly string[]): PropertyMap {
  return present(Object.fromEntries(keys.map((key) => [key, map[key]])));
}

function present(map: { readonly [key: string]: PropertyValue | undefined }): PropertyMap {
  const found = Object.entries(map).filter(
    (entry): entry is [string, PropertyValue] => entry[1] !== undefined,
  );
  return Object.fromEntries(found);
}

function mapOf(value: PropertyValue | undefined): PropertyMap {
  return isMap(value) ? value : {};
}

function listOf(value: PropertyValue | undefined): readonly PropertyValue[] {
  return isArray(value) ? value : value === undefined ? [] : [value];
}
