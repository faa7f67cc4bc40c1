import type { Statement, StatementInput } from '../../../lib/index.js';
import type { Fields } from './fields.js';

/** The workspace of a statement that has none: it matches none, while the core's default is all of them. */
const NOWHERE = '(none)';

/** `*` stands for anything at the end of an action, and nowhere else. */
const ACTION = /^[^*]*\*?$/;

/**
 * Statements as the product writes them, as the core has them; undefined where none are given. Faults are told by `fields`.
 * Those of a template have no workspace: a policy joins the template to one.
 */
export function readStatements(fields: Fields, isTemplate = false): StatementInput[] | undefined {
  return fields.objects('statements')?.map((statement) => {
    statement.require('actions');
    const actions = statement.texts('actions') ?? [];
    if (!actions.every((action) => ACTION.test(action))) statement.refuse('actions');
    const workspace = statement.text('workspace') || NOWHERE;
    return {
      actions,
      resources: statement.texts('resource') ?? ['*'],
      workspace: isTemplate ? '*' : workspace,
      description: statement.text('description') ?? '',
    };
  });
}

export function toSkylineStatement(
  { actions, resources, workspace, description }: Statement,
  isTemplate = false,
): object {
  const hasWorkspace = !isTemplate && workspace !== NOWHERE;
  return { actions, description, resource: resources, ...(hasWorkspace && { workspace }) };
}

/** As in `/auth`, where they are not described. */
export function toAuthStatement({ actions, resources, workspace }: Statement): object {
  return { actions, resource: resources, ...(workspace !== NOWHERE && { workspace }) };
}
