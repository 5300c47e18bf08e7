import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global.ts'],
    // Real servers and engines stand behind many tests, and the machine may be busy with something else for a minute.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    pool: 'forks',
    // Database, API server and engines want a share of the processors too.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
  },
});
