/** The platform: what stands once per region. A table of contents. */
import { platformConfig, stackConfig } from './config.ts';

const config = platformConfig(stackConfig());

export const cell = { id: config.cellId, region: config.region };
