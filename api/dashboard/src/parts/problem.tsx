import type { ProblemDetails } from '../types.ts';

interface Props {
  readonly problem: ProblemDetails;
  /** Label of the button for a remedy. */
  readonly action?: string;
  readonly onAction?: () => void;
}

/** Shows a failure where it happened. */
export function ProblemNote({ problem, action, onAction }: Props) {
  const code = [problem.status > 0 ? String(problem.status) : '', problem.code ?? '']
    .filter(Boolean)
    .join(' ');
  return (
    <div className="note note-bad" role="alert">
      <div className="note-text">
        <p className="note-title">{problem.title}</p>
        {problem.detail && problem.detail !== problem.title && <p>{problem.detail}</p>}
        {code && <p className="code-line">{code}</p>}
      </div>
      {action && (
        <button type="button" className="button button-quiet" onClick={onAction}>
          {action}
        </button>
      )}
    </div>
  );
}
