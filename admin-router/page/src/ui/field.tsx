import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { ApiProblem } from '../api/problem.ts';

/** What a field's control has to carry, to be tied to its label, hint and faults. */
export interface ControlProps {
  readonly id: string;
  readonly name: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: 'true';
}

export interface FieldProps {
  readonly label: string;
  /** The path of the field in the API's faults, such as `name` or `statements`. */
  readonly path: string;
  readonly hint?: ComponentChildren;
  /** Of the last try; faults at this path, and below it, are shown here. */
  readonly problem?: ApiProblem | null;
  readonly isOptional?: boolean;
  readonly children: (control: ControlProps) => ComponentChildren;
}

/** `<Field label="Name" path="name" problem={problem}>{(control) => <input {...control} />}</Field>` */
export function Field({ label, path, hint, problem = null, isOptional = false, children }: FieldProps) {
  const id = useId();
  const faults = faultsAt(problem, path);
  const described = [hint && `${id}-hint`, faults.length > 0 && `${id}-faults`].filter(Boolean).join(' ');
  const control: ControlProps = {
    id,
    name: path,
    ...(described !== '' && { 'aria-describedby': described }),
    ...(faults.length > 0 && { 'aria-invalid': 'true' as const }),
  };
  return (
    <div class="field">
      <label for={id}>
        {label}
        {isOptional && <span class="optional"> optional</span>}
      </label>
      {children(control)}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {faults.length > 0 && (
        <p class="fault" id={`${id}-faults`} role="alert">
          {faults.join('; ')}
        </p>
      )}
    </div>
  );
}

/** The faults of the field at `path` and of what is in it: `statements` has those of `statements.0.actions`. */
export function faultsAt(problem: ApiProblem | null, path: string): string[] {
  const inside = (problem?.errors ?? []).filter((error) => error.path === path || error.path.startsWith(`${path}.`));
  return inside.map((error) =>
    error.path === path ? error.message : `${error.path.slice(path.length + 1)} ${error.message}`,
  );
}

/** The problem without the faults that the named fields show by themselves; null when nothing is left to tell. */
export function faultsBesides(problem: ApiProblem | null, paths: readonly string[]): ApiProblem | null {
  if (problem === null || problem.errors.length === 0) return problem;
  const isShown = (at: string) => paths.some((path) => at === path || at.startsWith(`${path}.`));
  return problem.errors.every(({ path }) => isShown(path)) ? null : problem;
}
