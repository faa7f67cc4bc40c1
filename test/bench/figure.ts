import { markdownTable } from './markdown.js';

/** Something measured, and what it should be. */
export interface Figure {
  readonly what: string;
  readonly measured: string;
  /** What is to be reached; null for what is only told. */
  readonly target: string | null;
  readonly holds: boolean;
}

/** Only told. */
export function fact(what: string, measured: string): Figure {
  return { what, measured, target: null, holds: true };
}

export function atLeast(
  what: string,
  value: number,
  least: number,
  text = (number: number) => number.toFixed(2),
): Figure {
  return { what, measured: text(value), target: `at least ${text(least)}`, holds: value >= least };
}

export function atMost(
  what: string,
  value: number,
  most: number,
  text = (number: number) => number.toFixed(2),
): Figure {
  return { what, measured: text(value), target: `at most ${text(most)}`, holds: value <= most };
}

export function figureTable(figures: readonly Figure[]): string {
  const target = ({ target: text, holds }: Figure) => (text === null ? '' : `${text}${holds ? '' : ': **missed**'}`);
  return markdownTable(
    ['', 'measured', 'to reach'],
    figures.map((figure) => [figure.what, figure.measured, target(figure)]),
  );
}

export function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
