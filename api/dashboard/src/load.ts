import { useCallback, useEffect, useState } from 'react';
import { toProblem } from './api.ts';
import type { ProblemDetails } from './types.ts';

export interface Loaded<T> {
  readonly value: T | null;
  readonly problem: ProblemDetails | null;
  again(): void;
}

/** Loads something when the component appears and whenever `load` changes (wrap it in useCallback). */
export function useLoad<T>(load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ value: T | null; problem: ProblemDetails | null }>(empty);
  const [round, setRound] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new round loads again
  useEffect(() => {
    let current = true;
    load().then(
      (value) => current && setState({ value, problem: null }),
      (error: unknown) => current && setState((before) => ({ ...before, problem: toProblem(error) })),
    );
    return () => {
      current = false;
    };
  }, [load, round]);

  const again = useCallback(() => {
    setState((before) => ({ ...before, problem: null }));
    setRound((before) => before + 1);
  }, []);
  return { ...state, again };
}

const empty = { value: null, problem: null };
