/** Tells the control plane about the cells that the platform has made. */
export { WrongCellOutput } from './output.ts';
export { type ReadStackOutput, StackOutputFailed, stackOutputReader } from './stack-output.ts';
export { syncCells } from './sync.ts';
