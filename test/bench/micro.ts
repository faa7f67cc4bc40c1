import type { StatementInput } from 'latchkey';
import { Principal } from 'latchkey';
import { ladderTable } from './cost-ladder.js';

/** What one permission question costs a principal with a thousand statements. */

const STATEMENTS = 1_000;
const BATCH = 2_000;
const BATCHES = 200;

interface Shape {
  readonly title: string;
  readonly statement: (index: number) => StatementInput;
  /** Asked in turn: the last statement that may allow it, and what none allows. */
  readonly questions: readonly (readonly [action: string, resource: string])[];
}

const LAST = STATEMENTS - 1;

const SHAPES: readonly Shape[] = [
  {
    title: 'an action and a resource each',
    statement: (i) => ({ actions: [`service${i}:read`], resources: [`things/${i}`] }),
    questions: [
      [`service${LAST}:read`, `things/${LAST}`],
      [`service${LAST}:write`, `things/${LAST}`],
    ],
  },
  {
    title: 'one action, a resource each',
    statement: (i) => ({ actions: ['things:read'], resources: [`things/${i}`] }),
    questions: [
      ['things:read', `things/${LAST}`],
      ['things:read', 'things/none'],
    ],
  },
  {
    title: 'one action, a folder each (`things/1/*`)',
    statement: (i) => ({ actions: ['things:read'], resources: [`things/${i}/*`] }),
    questions: [
      ['things:read', `things/${LAST}/a`],
      ['things:read', 'things/none/a'],
    ],
  },
  {
    title: 'a service each (`service1:*`)',
    statement: (i) => ({ actions: [`service${i}:*`] }),
    questions: [
      [`service${LAST}:read`, 'things/1'],
      ['none:read', 'things/1'],
    ],
  },
  {
    title: 'a verb each (`*:verb1`)',
    statement: (i) => ({ actions: [`*:verb${i}`] }),
    questions: [
      [`things:verb${LAST}`, 'things/1'],
      ['things:none', 'things/1'],
    ],
  },
  {
    title: 'two actions, a resource each, the first action shared',
    statement: (i) => ({ actions: ['things:read', `things:verb${i}`], resources: [`things/${i}`] }),
    questions: [
      ['things:read', `things/${LAST}`],
      ['things:read', 'things/none'],
    ],
  },
];

/** The cost ladder of a request, and what a permission question costs. */
export async function microTable(): Promise<string> {
  return `${await ladderTable()}\n\n${questionTable()}`;
}

/** A table in Markdown: the median and the slowest tenth of the batches, in us for one question. */
function questionTable(): string {
  const rows = SHAPES.map((shape) => {
    const times = measure(shape).sort((a, b) => a - b);
    const at = (part: number) => (times[Math.floor(part * (times.length - 1))] as number).toFixed(2);
    return `| ${shape.title} | ${at(0.5)} | ${at(0.9)} |`;
  });
  return [`| ${STATEMENTS} statements with | us per question | slowest tenth |`, '| --- | --: | --: |', ...rows].join(
    '\n',
  );
}

function measure({ statement, questions }: Shape): number[] {
  const principal = principalWith(Array.from({ length: STATEMENTS }, (_, index) => statement(index)));
  const times: number[] = [];
  let allowed = 0;
  for (let batch = 0; batch < BATCHES; batch++) {
    const startedAt = performance.now();
    for (let i = 0; i < BATCH / questions.length; i++) {
      for (const [action, resource] of questions) if (principal.can(action, resource)) allowed++;
    }
    times.push(((performance.now() - startedAt) * 1_000) / BATCH);
  }
  if (allowed !== (BATCHES * BATCH) / questions.length) throw new Error('a question was answered wrong');
  return times.slice(BATCHES / 10); // the compiler has settled by then
}

function principalWith(inputs: readonly StatementInput[]): Principal {
  const statements = inputs.map(({ actions, resources = ['*'] }) => ({
    actions,
    resources,
    workspace: '*',
    description: '',
  }));
  return new Principal({
    id: 'bench',
    orgId: null,
    credential: { kind: 'api-key', id: 'bench', name: 'bench', scheme: 'api-key', expiresAt: null },
    statements,
    policyIds: [],
    resources: null,
    properties: {},
    locale: null,
    timeZone: null,
  });
}
