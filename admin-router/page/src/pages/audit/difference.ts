import type { AuditEntry } from '../../api/types.ts';
import { recordOf } from './event-words.ts';
import { exactTime } from './exact-time.ts';
import { fieldWords, secondsInWords } from './field-words.ts';

/** One field of a record, before and after a change. */
export interface FieldChange {
  readonly field: string;
  readonly label: string;
  /** What is no longer there. */
  readonly removed: readonly string[];
  readonly added: readonly string[];
  /** Entries of a list that it had and still has. */
  readonly kept: number;
}

/** What a change did, field by field; of a new record what it is, without what is empty. */
export function differenceOf(entry: AuditEntry): FieldChange[] {
  const before = recordOf(entry.before);
  const after = recordOf(entry.after);
  const changes = Object.keys({ ...before, ...after }).map((field) => {
    const old = linesOf(field, before[field]);
    const next = linesOf(field, after[field]);
    return {
      field,
      label: fieldWords(field),
      removed: without(old, next),
      added: without(next, old),
      kept: old.length - without(old, next).length,
    };
  });
  return changes.filter(({ removed, added }) => removed.length + added.length > 0);
}

/** `list` less what `other` holds, each as often as it is there. */
function without(list: readonly string[], other: readonly string[]): string[] {
  const left = [...other];
  return list.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** A value for people: a line for each entry of a list; none for what is empty. */
export function linesOf(field: string, value: unknown): string[] {
  if (value === null || value === undefined || value === '') return [];
  if (Array.isArray(value)) return value.flatMap((part) => lineOfPart(field, part));
  if (typeof value === 'boolean') return [value ? 'yes' : 'no'];
  if (typeof value === 'number') return [numberInWords(field, value)];
  if (typeof value === 'string')
    return [isInstant(field) && !Number.isNaN(Date.parse(value)) ? exactTime(value) : value];
  return Object.entries(value).map(
    ([name, part]) => `${name}: ${typeof part === 'string' ? part : JSON.stringify(part)}`,
  );
}

function lineOfPart(field: string, part: unknown): string[] {
  if (Array.isArray(part)) return part.length === 0 ? ['nothing'] : part.flatMap((inner) => lineOfPart(field, inner));
  if (typeof part === 'string') return [part];
  const { actions, resources, workspace } = recordOf(part);
  if (!Array.isArray(actions) || !Array.isArray(resources)) return [JSON.stringify(part)];
  const where = workspace === '*' ? '' : ` in workspace ${String(workspace)}`;
  return [`${actions.join(', ')} on ${resources.join(', ')}${where}`];
}

function numberInWords(field: string, value: number): string {
  if (field.endsWith('Seconds')) return secondsInWords(value);
  return isInstant(field) ? exactTime(value) : String(value);
}

function isInstant(field: string): boolean {
  return /(?:^at|At)$|^notBefore$/.test(field);
}
