import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiProblem } from '../../api/problem.ts';

/** Leads to the first field that something is wrong with, whenever there is another problem; what hides faults is opened. */
export function useFaultyForm(problem: ApiProblem | null): RefObject<HTMLFormElement | null> {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (problem === null || form.current === null) return;
    for (const fault of form.current.querySelectorAll('.fault')) {
      const hiding = fault.closest('details');
      if (hiding !== null) hiding.open = true;
    }
    const field = form.current.querySelector<HTMLElement>('[aria-invalid="true"]');
    if (field) field.focus();
    else form.current.querySelector('.fault, .notice.bad, .kd-outdated')?.scrollIntoView({ block: 'nearest' });
  }, [problem]);
  return form;
}
