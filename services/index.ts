/** The services of this tree, one line each. Only entry points import this list; they hand it in. */
import type { ApiService } from '../api/router.ts';
import { agents } from './agents/index.ts';
import { browsers } from './browsers/index.ts';
import { inbox } from './inbox/index.ts';
import { stream } from './stream/index.ts';
import { workspace } from './workspace/index.ts';

export const services: readonly ApiService[] = [workspace, browsers, inbox, agents, stream];
