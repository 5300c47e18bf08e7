/** Whether an image, a manifest or a program can be a product's: the pod's contract, `docs/pod-contract.md`, as a check. */
export type { Demands } from './demands.ts';
export { checkImage } from './image-rules.ts';
export { checkManifest } from './manifest-rules.ts';
export { checkProgram } from './program.ts';
export { readImage } from './registry.ts';
export { Unreadable, type Verdict } from './verdict.ts';
