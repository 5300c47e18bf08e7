import { Component, type ReactNode } from 'react';
import { toProblem } from '../api.ts';
import type { ProblemDetails } from '../types.ts';
import { ProblemNote } from './problem.tsx';

/** The last line against a blank page: says what broke and offers to start over. */
export class Boundary extends Component<{ children: ReactNode }, { problem: ProblemDetails | null }> {
  override state: { problem: ProblemDetails | null } = { problem: null };

  static getDerivedStateFromError(error: unknown) {
    return { problem: toProblem(error) };
  }

  override render() {
    if (this.state.problem === null) return this.props.children;
    return (
      <main className="wrap lone">
        <ProblemNote
          problem={this.state.problem}
          action="Reload the page"
          onAction={() => location.reload()}
        />
      </main>
    );
  }
}
