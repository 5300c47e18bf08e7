// Pulumi starts a policy pack through ts-node, which knows neither this repository's module format nor its imports:
// from JavaScript on, Node itself loads the TypeScript.
import './pack.ts';
