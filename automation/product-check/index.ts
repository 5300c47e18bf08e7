/** Checks images, manifests and programs against the pod's contract (`docs/pod-contract.md`). */
export type { Demands } from './demands.ts';
export { checkImage } from './image-rules.ts';
export { checkManifest } from './manifest-rules.ts';
export { checkProgram } from './program.ts';
export { readImage } from './registry.ts';
export { Unreadable, type Verdict } from './verdict.ts';
