import { ensureTool, type FoundTool, type ToolchainOptions, ToolError } from './tools.ts';

/**
 * The program that runs engine operations: ours, which links only what they use, or Pulumi's own CLI where
 * `TENANTRY_TOOL_PULUMI` names one or ours cannot be built. Both take the same flags.
 * @throws ToolError when neither can be had
 */
export async function ensureEngine(options: ToolchainOptions): Promise<FoundTool> {
  const { chosen } = options.env;
  if (chosen.pulumi !== undefined && chosen['tenantry-engine'] === undefined)
    return ensureTool('pulumi', options);
  try {
    return await ensureTool('tenantry-engine', options);
  } catch (error) {
    if (!(error instanceof ToolError) || chosen['tenantry-engine'] !== undefined) throw error;
    return ensureTool('pulumi', options);
  }
}
