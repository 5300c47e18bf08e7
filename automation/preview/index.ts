/** Shows what a change would do to the platform and to all tenants. */
export { UnknownBase } from './base-checkout.ts';
export { readPreviewEnv } from './env.ts';
export { markdownOf } from './markdown.ts';
export { previewPlatform } from './platform.ts';
export { previewChange } from './preview.ts';
export { openBlockers } from './report.ts';
export { textOf } from './text.ts';
