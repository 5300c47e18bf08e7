/** The environment that credential plugins of a kubeconfig inherit (AWS_PROFILE, PATH, HOME, …). */
export function pluginEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env };
}
