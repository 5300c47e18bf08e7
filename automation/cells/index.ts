/** The cells that the platform has made, for the control plane to know. */
export { WrongCellOutput } from './output.ts';
export { type ReadStackOutput, StackOutputFailed, stackOutputReader } from './stack-output.ts';
export { syncCells } from './sync.ts';
