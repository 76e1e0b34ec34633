import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { Failure } from './failures.ts';
import { quote, regexProblem, unquote } from './promql-text.ts';

/** What is wrong with a PromQL text: `at` counts characters from its start. */
export interface PromqlProblem {
  at: number;
  message: string;
  instead: string;
}

export type MatchOp = '=' | '!=' | '=~' | '!~';

/** One condition on a label; `value` is the plain text, without quotes and escapes. */
export interface Matcher {
  label: string;
  op: MatchOp;
  value: string;
}

/** A selector taken apart. `name` is the metric's name; a matcher on `__name__` is not repeated in `matchers`. */
export interface SelectorParts {
  name: string;
  matchers: Matcher[];
}

const PLAIN = 'a metric name with label matchers, such as requests_total{service="shop"}';
const OPS: readonly MatchOp[] = ['=', '!=', '=~', '!~'];
const IDENTIFIER = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
/** Words of the language that the grammar does not take for the name of a metric. */
const RESERVED = /^(?:inf|nan|bool|ignoring|on|group_left|group_right|offset)$/i;

/** Null when the text is one series selector by name, and nothing else: no range, offset, function or operator. */
export function checkSelector(text: string): PromqlProblem | null {
  const tree = parser.parse(text);
  const problem = syntaxProblem(tree, text);
  if (problem !== null) return problem;
  const node = tree.topNode.firstChild;
  if (node === null || node.name !== 'VectorSelector') {
    const found = node === null ? 'nothing' : (KINDS[node.name] ?? 'an expression');
    const plain = innerSelector(tree.topNode);
    const instead = plain === null ? PLAIN : `the selector alone: ${text.slice(plain.from, plain.to)}`;
    return { at: node?.from ?? 0, message: `a series selector is needed, this is ${found}`, instead };
  }
  const names = namesOf(node, text);
  const second = names[1];
  if (second !== undefined) return { at: second.at, message: 'the metric is named twice', instead: PLAIN };
  const name = names[0];
  if (name === undefined) return { at: node.from, message: 'the selector names no metric', instead: PLAIN };
  if (name.op !== '=' || name.value === '') {
    return { at: name.at, message: 'the selector must name one metric', instead: PLAIN };
  }
  return null;
}

/** Null when the text is a PromQL expression with a value per series; types of arguments are left to Prometheus. */
export function checkExpression(text: string): PromqlProblem | null {
  const tree = parser.parse(text);
  const problem = syntaxProblem(tree, text);
  if (problem !== null) return problem;
  const node = tree.topNode.firstChild;
  if (node?.name === 'MatrixSelector' || node?.name === 'SubqueryExpr') {
    const instead = `one value per series, such as sum(increase(${text.trim()}))`;
    return { at: node.from, message: 'a range of values is no single value', instead };
  }
  if (node?.name === 'StringLiteral') {
    return { at: node.from, message: 'a text is no value', instead: 'an expression such as sum(up)' };
  }
  return null;
}

/** Null when the text is the inside of a selector's braces: `deployment="stable", region="eu"`. */
export function checkMatchers(text: string): PromqlProblem | null {
  const problem = checkSelector(`a{${text}}`);
  const instead = 'label matchers such as deployment="canary"';
  if (problem !== null)
    return { ...problem, at: Math.min(text.length, Math.max(0, problem.at - 2)), instead };
  return matchersOf(text).length > 0 ? null : { at: 0, message: 'there is no label matcher', instead };
}

/** The matchers in the inside of a selector's braces. Throws `PROMETHEUS_QUERY` when it is not one. */
export function matchersOf(text: string): Matcher[] {
  return selectorParts(`a{${text}}`).matchers;
}

/** Takes a selector apart. Throws `PROMETHEUS_QUERY` when it is not a plain one by name. */
export function selectorParts(text: string): SelectorParts {
  const node = selectorNode(text);
  const matchers = matcherNodes(node).map((matcher) => readMatcher(matcher, text));
  return {
    name: namesOf(node, text)[0]?.value ?? '',
    matchers: matchers.filter(({ label }) => label !== '__name__' && label !== ''),
  };
}

/** The text of a selector, in a form that every Prometheus since 2.0 reads where the names allow it. */
export function selectorText({ name, matchers }: SelectorParts): string {
  const plain = IDENTIFIER.test(name) && !RESERVED.test(name);
  const all: Matcher[] = plain ? matchers : [{ label: '__name__', op: '=', value: name }, ...matchers];
  return `${plain ? name : ''}${all.length === 0 ? '' : `{${all.map(matcherText).join(',')}}`}`;
}

/** The selector with more matchers; what it has stays as it was written. Throws `PROMETHEUS_QUERY`. */
export function withMatchers(selector: string, matchers: readonly Matcher[]): string {
  if (matchers.length === 0) return selector;
  const node = selectorNode(selector);
  const added = matchers.map(matcherText).join(',');
  const braces = node.getChild('LabelMatchers');
  if (braces === null) return `${selector.slice(0, node.to)}{${added}}${selector.slice(node.to)}`;
  const last = matcherNodes(node).at(-1);
  const at = last?.to ?? braces.from + 1;
  return `${selector.slice(0, at)}${last === undefined ? '' : ','}${added}${selector.slice(at)}`;
}

/** The selector of another metric with the same matchers: `x` becomes `x_bucket`. Throws `PROMETHEUS_QUERY`. */
export function withName(selector: string, rename: (name: string) => string): string {
  const { name, matchers } = selectorParts(selector);
  const identifier = selectorNode(selector).getChild('Identifier');
  const renamed = rename(name);
  if (identifier === null || !IDENTIFIER.test(renamed) || RESERVED.test(renamed)) {
    return selectorText({ name: renamed, matchers });
  }
  return selector.slice(0, identifier.from) + renamed + selector.slice(identifier.to);
}

const KINDS: Record<string, string> = {
  MatrixSelector: 'a range',
  SubqueryExpr: 'a subquery',
  OffsetExpr: 'a selector with an offset',
  StepInvariantExpr: 'a selector at a fixed time',
  FunctionCall: 'a function call',
  AggregateExpr: 'an aggregation',
  BinaryExpr: 'a calculation',
  UnaryExpr: 'a calculation',
  ParenExpr: 'an expression in parentheses',
  NumberDurationLiteral: 'a number',
  StringLiteral: 'a text',
};

function syntaxProblem(tree: Tree, text: string): PromqlProblem | null {
  if (text.trim() === '') return { at: 0, message: 'it is empty', instead: PLAIN };
  const problems: PromqlProblem[] = [];
  tree.iterate({
    enter({ type, node, from, to }) {
      if (type.isError) problems.push(unexpected(text, from, to));
      if (type.name === 'StringLiteral') {
        const read = unquote(text.slice(from, to));
        if (typeof read !== 'string') problems.push({ ...read, at: from + read.at });
        else if (isRegex(node, text)) {
          const wrong = regexProblem(read);
          if (wrong !== null)
            problems.push({ at: from + 1, message: wrong, instead: 'a regular expression (RE2)' });
        }
      }
    },
  });
  return problems.sort((a, b) => a.at - b.at)[0] ?? null;
}

function unexpected(text: string, from: number, to: number): PromqlProblem {
  const rest = text.slice(from);
  if (rest.trim() === '') {
    const open = (text.match(/[({[]/g)?.length ?? 0) - (text.match(/[)}\]]/g)?.length ?? 0);
    const closing = open > 0 ? 'close what is open: a ), } or ] is missing' : 'the rest of it';
    return { at: text.trimEnd().length, message: 'the text ends too early', instead: closing };
  }
  const word = /^[\w.]+/.exec(rest)?.[0];
  const inBraces = word !== undefined && /(?:=|!=|=~|!~)\s*$/.test(text.slice(0, from));
  if (inBraces) return { at: from, message: `the value ${word} has no quotes`, instead: quote(word) };
  if (from === to && /["}]?\s*$/.test(text.slice(0, from)) && word !== undefined) {
    return {
      at: from,
      message: `something is missing before \`${word}\``,
      instead: 'a comma between matchers',
    };
  }
  return { at: from, message: `\`${word ?? rest.charAt(0)}\` is not expected here`, instead: 'valid PromQL' };
}

function isRegex(literal: SyntaxNode, text: string): boolean {
  const op = literal.parent?.getChild('MatchOp');
  return op !== undefined && op !== null && text.slice(op.from, op.to).endsWith('~');
}

function selectorNode(text: string): SyntaxNode {
  const problem = checkSelector(text);
  const node = parser.parse(text).topNode.getChild('VectorSelector');
  if (problem !== null || node === null) {
    throw new Failure('PROMETHEUS_QUERY', `Not a selector: ${problem?.message ?? text}.`, { where: text });
  }
  return node;
}

/** The first selector inside something bigger, to propose it. */
function innerSelector(top: SyntaxNode): SyntaxNode | null {
  let found: SyntaxNode | null = null;
  top.cursor().iterate((cursor) => {
    if (found === null && cursor.name === 'VectorSelector') found = cursor.node;
  });
  return found;
}

function matcherNodes(selector: SyntaxNode): SyntaxNode[] {
  const braces = selector.getChild('LabelMatchers');
  const nodes: SyntaxNode[] = [];
  for (let child = braces?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (/Matcher$|^QuotedLabelName$/.test(child.name)) nodes.push(child);
  }
  return nodes;
}

/** A quoted name alone in the braces is the metric's, which is a matcher on `__name__`. */
function readMatcher(node: SyntaxNode, text: string): Matcher {
  const slice = (part: SyntaxNode | null) => (part === null ? '' : text.slice(part.from, part.to));
  if (node.name === 'QuotedLabelName') return { label: '__name__', op: '=', value: plain(slice(node)) };
  const bare = node.getChild('LabelName');
  const label = bare === null ? plain(slice(node.getChild('QuotedLabelName'))) : slice(bare);
  const op = OPS.find((one) => one === slice(node.getChild('MatchOp'))) ?? '=';
  return { label, op, value: plain(slice(node.getChild('StringLiteral'))) };
}

function plain(literal: string): string {
  const read = unquote(literal);
  return typeof read === 'string' ? read : literal;
}

function namesOf(selector: SyntaxNode, text: string): (Matcher & { at: number })[] {
  const identifier = selector.getChild('Identifier');
  const named = matcherNodes(selector)
    .map((node) => ({ ...readMatcher(node, text), at: node.from }))
    .filter(({ label }) => label === '__name__');
  if (identifier === null) return named;
  const value = text.slice(identifier.from, identifier.to);
  return [{ label: '__name__', op: '=', value, at: identifier.from }, ...named];
}

function matcherText({ label, op, value }: Matcher): string {
  return `${LABEL.test(label) ? label : quote(label)}${op}${quote(value)}`;
}
