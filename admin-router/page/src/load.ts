import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { type ApiProblem, problemOf } from './api/problem.ts';

export interface Loaded<Value> {
  /** What was read last; stays while it is read again. Undefined until the first answer. */
  readonly value: Value | undefined;
  /** Why the last reading failed. */
  readonly problem: ApiProblem | null;
  readonly isLoading: boolean;
  reload(): void;
}

/**
 * Reads when the component appears, and again whenever something in `inputs` changes or `reload` is called; an answer that is
 * no longer wanted is dropped.
 */
export function useLoad<Value>(
  read: (signal: AbortSignal) => Promise<Value>,
  inputs: readonly unknown[],
): Loaded<Value> {
  const [value, setValue] = useState<Value | undefined>(undefined);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const [isLoading, setIsLoading] = useState(true);
  const [round, setRound] = useState(0);
  const latest = useRef(read);
  latest.current = read;

  useEffect(() => {
    const controller = new AbortController();
    setIsLoading(true);
    latest
      .current(controller.signal)
      .then(
        (answer) => {
          if (controller.signal.aborted) return;
          setValue(() => answer);
          setProblem(null);
        },
        (error) => {
          if (!controller.signal.aborted) setProblem(problemOf(error));
        },
      )
      .finally(() => {
        if (!controller.signal.aborted) setIsLoading(false);
      });
    return () => controller.abort();
  }, [...inputs, round]);

  return { value, problem, isLoading, reload: useCallback(() => setRound((before) => before + 1), []) };
}

export interface Action<Input extends readonly unknown[]> {
  /** Does nothing while it is under way. Resolves to whether it was done; what went wrong is in `problem`. */
  run(...input: Input): Promise<boolean>;
  readonly isBusy: boolean;
  readonly problem: ApiProblem | null;
  /** Forgets the problem. */
  reset(): void;
}

/** Something that a user starts and that can fail: saving, revoking. */
export function useAction<Input extends readonly unknown[]>(act: (...input: Input) => Promise<unknown>): Action<Input> {
  const [isBusy, setIsBusy] = useState(false);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const underWay = useRef(false);
  return {
    isBusy,
    problem,
    reset: () => setProblem(null),
    async run(...input) {
      if (underWay.current) return false;
      underWay.current = true;
      setIsBusy(true);
      try {
        await act(...input);
        setProblem(null);
        return true;
      } catch (error) {
        setProblem(problemOf(error));
        return false;
      } finally {
        underWay.current = false;
        setIsBusy(false);
      }
    },
  };
}
