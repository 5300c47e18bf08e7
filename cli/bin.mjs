#!/usr/bin/env node
// The command as `npm link` installs it: the bootstrap brings what it needs, then runs it.
process.argv.splice(2, 0, 'tenantry');
await import('../automation/toolchain/bootstrap.mjs');
