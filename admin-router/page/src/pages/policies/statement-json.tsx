import { useId, useRef } from 'preact/hooks';
import type { FieldError, Statement } from '../../api/types.ts';
import { Icon } from '../../ui/icon.tsx';
import { namingPatterns, statementsIn } from './check.ts';
import { lineOf, placeOf, readJson } from './json.ts';
import { counted } from './words.ts';

/** A fault of a text, and where in it. */
export interface TextFault {
  readonly at: number;
  readonly message: string;
}

export interface JsonRead {
  /** Null where the text holds none. */
  readonly statements: readonly Statement[] | null;
  readonly faults: readonly TextFault[];
}

/** @param refusals of the API: told, too, where they stand in the text. */
export function readStatements(text: string, refusals: readonly FieldError[] = []): JsonRead {
  const read = readJson(text);
  if (!read.isJson) return { statements: null, faults: [{ at: read.at, message: read.message }] };
  const { statements, errors } = statementsIn(read.value);
  const all = [...errors, ...refusals.filter(({ path }) => path.startsWith('statements'))];
  const named = namingPatterns(all, statements ?? []);
  const faults = all.map(({ path }, index) => ({
    at: placeOf(read.places, path.replace(/^statements\.?/, '')),
    message: named[index]?.message ?? '',
  }));
  return { statements, faults };
}

export interface StatementJsonProps {
  readonly text: string;
  /** Of the text as it was a moment ago, so that nobody is disturbed while typing a word. */
  readonly faults: readonly TextFault[];
  readonly count: number | null;
  readonly onInput: (text: string) => void;
}

/** Shown at once; the others when those are mended. */
const SHOWN_FAULTS = 20;

/** Statements as a text; each fault leads to its line. */
export function StatementJson({ text, faults, count, onInput }: StatementJsonProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const id = useId();
  const goTo = (at: number) => {
    const field = area.current;
    if (field === null) return;
    const end = text.indexOf('\n', at);
    field.focus();
    field.setSelectionRange(at, end === -1 ? text.length : end);
  };
  return (
    <div class="field">
      <label for={id}>Statements as JSON</label>
      <textarea
        ref={area}
        id={id}
        name="statements"
        class="policy-json"
        rows={Math.min(28, Math.max(12, text.split('\n').length + 1))}
        value={text}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        wrap="off"
        aria-describedby={`${id}-state`}
        aria-invalid={faults.length > 0 ? 'true' : undefined}
        onInput={({ currentTarget }) => onInput(currentTarget.value)}
      />
      <div id={`${id}-state`} class="policy-json-state" aria-live="polite">
        {faults.length === 0 ? (
          <p class="hint good">
            <Icon name="check" /> {counted(count ?? 0, 'statement')}
          </p>
        ) : (
          <ul>
            {faults.slice(0, SHOWN_FAULTS).map(({ at, message }) => (
              <li key={`${at} ${message}`} class="fault">
                <button type="button" class="link" onClick={() => goTo(at)}>
                  Line {lineOf(text, at)}
                </button>
                : {message}
              </li>
            ))}
            {faults.length > SHOWN_FAULTS && <li class="fault">and {faults.length - SHOWN_FAULTS} more</li>}
          </ul>
        )}
      </div>
    </div>
  );
}
