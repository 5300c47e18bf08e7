/** `tenantry doctor`: which tools and providers were found, and what to do about missing ones. */
import { formatDoctor, inspect, readToolchainEnv } from '../../automation/toolchain/index.ts';
import type { Output } from '../output.ts';
import { type ExitCode, exitCodes } from '../problem.ts';

export async function doctor(output: Output): Promise<ExitCode> {
  const inspection = await inspect({ env: readToolchainEnv() });
  output.result(inspection, () =>
    [
      formatDoctor(inspection),
      '',
      inspection.ok
        ? 'Everything is here, or comes with the next start.'
        : 'Something is missing: see above.',
    ].join('\n'),
  );
  return inspection.ok ? exitCodes.ok : exitCodes.failed;
}
