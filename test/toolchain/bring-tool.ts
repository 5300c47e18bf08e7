/** Run by tests as a process of its own: brings the fake tool and prints where it came from. */
import { readToolchainEnv } from '../../automation/toolchain/env.ts';
import { ensureTool } from '../../automation/toolchain/tools.ts';
import { fakePin } from './fake-tools.ts';

const [modulesDir = ''] = process.argv.slice(2);
const tool = await ensureTool('kwok', { env: readToolchainEnv(), pins: [fakePin()], modulesDir });
console.log(tool.source);
