import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take longest. One that begins last keeps the run waiting while the other processes have nothing to do. */
const longest = [
  'test/infra/preview.test.ts',
  'test/e2e/crash.test.ts',
  'test/model/sequences.test.ts',
  'test/model/engine.test.ts',
  'test/e2e/lifecycle.test.ts',
  'test/preview/fleet.test.ts',
  'test/dashboard/states.test.ts',
  'test/tenants/program.test.ts',
  'test/tenants/api-server.test.ts',
  'test/local/supervisor.test.ts',
  'test/cli/service.test.ts',
  'test/providers/kubernetes-engine.test.ts',
];

/** Longest files first, the others as Vitest orders them. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const place = longest.indexOf(relative(project.config.root, moduleId));
      return place < 0 ? longest.length : place;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}
