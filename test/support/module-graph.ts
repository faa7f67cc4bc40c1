import { builtinModules } from 'node:module';
import { posix } from 'node:path';
import { parseSync } from '@swc/core';

/** One import, re-export, dynamic import or import type of a file. */
export interface ImportEdge {
  /** As written: `../lib/index.js`, `express`. */
  readonly specifier: string;
  /** The file of this repository that a relative specifier means, whether it exists or not; else `undefined`. */
  readonly file: string | undefined;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
}

/** What the import rules need to know of one source file. */
export interface ModuleFacts {
  readonly path: string;
  readonly lineCount: number;
  readonly imports: readonly ImportEdge[];
  readonly mentionsAny: boolean;
  /** Every statement is `export { names } from '...'`, with or without `type`. */
  readonly onlyNamedReexports: boolean;
}

/** A node of swc's syntax tree, known only as far as its type. */
type SyntaxNode = { readonly type?: unknown } & Readonly<Record<string, unknown>>;

/** Reads the facts of one source file, by a parser and not by patterns: strings and comments cannot mislead it. */
export function readModule(path: string, source: string): ModuleFacts {
  const isTypeScript = /\.[cm]?tsx?$/.test(path);
  const tree = parseSync(source, {
    target: 'es2023',
    ...(isTypeScript ? { syntax: 'typescript', tsx: path.endsWith('x') } : { syntax: 'ecmascript' }),
  });
  const imports: ImportEdge[] = [];
  let mentionsAny = false;
  for (const node of nodesOf(tree)) {
    if (node.type === 'TsKeywordType' && node.kind === 'any') mentionsAny = true;
    const specifier = specifierOf(node);
    if (specifier !== undefined) {
      imports.push({ specifier, file: resolveRelative(path, specifier), typeOnly: isTypeOnly(node) });
    }
  }
  return {
    path,
    lineCount: source.replace(/\n$/, '').split('\n').length,
    imports,
    mentionsAny,
    onlyNamedReexports: tree.body.every((item) => item.type === 'ExportNamedDeclaration' && isNode(item.source)),
  };
}

/** Whether a specifier means a module of Node itself. */
export function isBuiltin(specifier: string): boolean {
  return specifier.startsWith('node:') || builtinModules.includes(specifier);
}

/** Every import cycle among the given modules that a depth-first walk meets, as `a -> b -> a`. */
export function findCycles(modules: readonly ModuleFacts[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      cycles.push([...trail.slice(start), path].join(' -> '));
      return;
    }
    const module = byPath.get(path);
    if (module === undefined || done.has(path)) return;
    for (const { file } of module.imports) {
      if (file !== undefined) visit(file, [...trail, path]);
    }
    done.add(path);
  };
  for (const path of byPath.keys()) visit(path, []);
  return [...new Set(cycles)];
}

function* nodesOf(value: unknown): Generator<SyntaxNode> {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodesOf(item);
  } else if (isNode(value)) {
    yield value;
    for (const child of Object.values(value)) yield* nodesOf(child);
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null;
}

function specifierOf(node: SyntaxNode): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return textOf(node.source);
    case 'TsImportType':
      return textOf(node.argument);
    case 'TsExternalModuleReference':
      return textOf(node.expression);
    case 'CallExpression':
      return isImportCall(node.callee) ? textOf(firstArgument(node)) : undefined;
    default:
      return undefined;
  }
}

function isImportCall(callee: unknown): boolean {
  return isNode(callee) && (callee.type === 'Import' || (callee.type === 'Identifier' && callee.value === 'require'));
}

function firstArgument(call: SyntaxNode): unknown {
  const [first] = Array.isArray(call.arguments) ? call.arguments : [];
  return isNode(first) ? first.expression : undefined;
}

function textOf(literal: unknown): string | undefined {
  return isNode(literal) && typeof literal.value === 'string' ? literal.value : undefined;
}

function isTypeOnly(node: SyntaxNode): boolean {
  if (node.type === 'TsImportType' || node.typeOnly === true) return true;
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers : [];
  return specifiers.length > 0 && specifiers.every((specifier) => isNode(specifier) && specifier.isTypeOnly === true);
}

function resolveRelative(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const isScript = /\.m?js$/.test(from);
  const target = posix.join(posix.dirname(from), specifier);
  return isScript ? target : target.replace(/js$/, 'ts');
}
