import type { Principal, Statement, StatementInput } from '../../../lib/index.js';
import { covers } from './wildcard.js';

/**
 * The part of `asked` that the principal may give away: the product does not refuse a descriptor that goes further than its
 * owner, it cuts it down. Of two patterns that overlap without one holding the other, nothing is left: less, never more.
 */
export function withinRightsOf(principal: Principal, asked: readonly StatementInput[]): Statement[] {
  const complete = asked.map(fill);
  const cut = principal.exceededBy(complete).length === 0 ? complete : intersection(complete, principal.statements);
  const beyond = new Set(principal.exceededBy(cut).map(({ path }) => path)); // what it has may be bounded further
  return cut.filter((_, index) => !beyond.has(`statements.${index}`));
}

/** What both lists allow. */
export function intersection(left: readonly Statement[], right: readonly Statement[]): Statement[] {
  const both = left.flatMap((one) =>
    right.flatMap((other) => {
      const workspace = meet(one.workspace, other.workspace);
      const actions = meets(one.actions, other.actions);
      const resources = actions.length === 0 ? [] : meets(one.resources, other.resources);
      return workspace === null || resources.length === 0 ? [] : [{ actions, resources, workspace, description: '' }];
    }),
  );
  return [...new Map(both.map((statement) => [JSON.stringify(statement), statement])).values()];
}

function meets(left: readonly string[], right: readonly string[]): string[] {
  const found = left.flatMap((one) => right.map((other) => meet(one, other)));
  return [...new Set(found.filter((pattern) => pattern !== null))];
}

/** The narrower of two patterns, one of which holds the other; null when neither does. */
function meet(one: string, other: string): string | null {
  if (covers(other, one)) return one;
  return covers(one, other) ? other : null;
}

function fill({ actions, resources, workspace, description }: StatementInput): Statement {
  return { actions, resources: resources ?? ['*'], workspace: workspace ?? '*', description: description ?? '' };
}
