import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLError,
} from 'yaml';
import type { Finding } from './finding.ts';
import { offsetInScalar } from './scalar-offset.ts';

export type Path = readonly PropertyKey[];

export interface Place {
  line: number;
  column: number;
}

/** A YAML text as data, with the place of each of its parts. */
export interface YamlDocument {
  data: unknown;
  /** What is wrong with the YAML itself. */
  problems: Finding[];
  /** False when so much is wrong that `data` is not what was meant. */
  readable: boolean;
  /** Where a value stands; with `key`, where its name stands. The nearest parent for what is missing. */
  locate(path: Path, key?: boolean): Place;
  /** Where a character of a text value stands, counted from 0 in the value. */
  locateInside(path: Path, index: number): Place;
  /** The value as it was written, for values on one line. */
  written(path: Path): string | undefined;
}

/** What a text value becomes: another text, or what is wrong with it. */
export type Fill = (text: string) => string | { rule: string; message: string; instead: string };

interface Given {
  file: string;
  rule: string;
  /** Applied to every text value; places stay those of what was written. */
  fill?: Fill;
}

/** Reads one YAML document. Syntax errors, duplicate keys and keys that are no text are findings with their place. */
export function readYaml(text: string, { file, rule, fill }: Given): YamlDocument {
  const counter = new LineCounter();
  const parsed = parseAllDocuments(text, {
    lineCounter: counter,
    prettyErrors: false,
    merge: true,
    logLevel: 'silent',
  });
  const documents = Array.isArray(parsed) ? parsed : [];
  const [document] = documents;
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(Math.min(offset, text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problem = (offset: number, message: string, instead: string): Finding => {
    return { severity: 'error', rule, file, ...at(offset), path: '', message, instead };
  };
  const nowhere = () => ({ line: 1, column: 1 });
  if (document === undefined || document.contents === null) {
    const data = null;
    return {
      data,
      problems: [],
      readable: true,
      locate: nowhere,
      locateInside: nowhere,
      written: () => undefined,
    };
  }
  const syntax = firstOf(document.errors);
  const problems = syntax.map((error) => problem(error.pos[0], ...explain(error)));
  problems.push(...document.warnings.map((warning) => problem(warning.pos[0], ...explain(warning))));
  const second = documents[1];
  if (second !== undefined) {
    const advice = 'one file for each, without `---` between them';
    problems.push(problem(second.range[0], 'the file holds more than one document', advice));
  }
  visit(document, {
    Pair(_key, { key }) {
      if (isScalar(key) && (typeof key.value === 'string' || typeof key.value === 'symbol')) return;
      const start = isNode(key) ? (key.range?.[0] ?? 0) : 0;
      const advice = isScalar(key) && key.value !== null ? `in quotes: "${String(key.value)}"` : 'a name';
      problems.push(problem(start, 'the name of an entry must be a text', advice));
    },
    Scalar(key, node) {
      if (fill === undefined || key === 'key' || typeof node.value !== 'string') return;
      const filled = fill(node.value);
      if (typeof filled === 'string') node.value = filled;
      else
        problems.push({
          ...problem(node.range?.[0] ?? 0, filled.message, filled.instead),
          rule: filled.rule,
        });
    },
  });
  const find = (path: Path) => follow(document, path);
  const { data, broken } = toData(document);
  if (broken !== null) problems.push(problem(offsetOfAlias(document, broken), ...broken.explained));
  return {
    data,
    problems,
    readable: broken === null && syntax.every(({ code }) => code === 'DUPLICATE_KEY') && second === undefined,
    locate: (path, key = false) => {
      const { node, name, reached } = find(path);
      const wanted = (key || node === null) && name !== null ? name : node;
      return at((reached ? wanted : (node ?? name))?.range?.[0] ?? 0);
    },
    locateInside: (path, index) => {
      const { node, reached } = find(path);
      if (!reached || !isScalar(node)) return at(node?.range?.[0] ?? 0);
      return at(offsetInScalar(text, node, index));
    },
    written: (path) => {
      const { node, reached } = find(path);
      if (!reached || !isScalar(node) || node.range == null) return undefined;
      const source = text.slice(node.range[0], node.range[1]);
      return source.includes('\n') ? undefined : source;
    },
  };
}

interface Found {
  /** The value, or the last parent that is there. */
  node: Node | null;
  /** The name of the entry that holds it, when it is in a mapping. */
  name: Scalar | null;
  /** Whether the whole path is there. */
  reached: boolean;
}

function follow(document: Document, path: Path): Found {
  let found: Found = { node: resolve(document, document.contents), name: null, reached: true };
  for (const part of path) {
    const { node } = found;
    if (isMap(node)) {
      const pair = pairOf(document, node, String(part));
      if (pair === undefined) return { ...found, reached: false };
      found = {
        node: resolve(document, pair.value),
        name: isScalar(pair.key) ? pair.key : null,
        reached: true,
      };
    } else if (isSeq(node) && node.items[Number(part)] !== undefined) {
      found = { node: resolve(document, node.items[Number(part)]), name: null, reached: true };
    } else return { ...found, reached: false };
  }
  return found;
}

/** The entry of a mapping by its name, its own before those merged in with `<<`. The last of duplicates counts. */
function pairOf(document: Document, node: Node, name: string): Pair | undefined {
  if (!isMap(node)) return undefined;
  const own = node.items.findLast(
    ({ key }) => isScalar(key) && typeof key.value !== 'symbol' && String(key.value) === name,
  );
  if (own !== undefined) return own;
  for (const { key, value } of node.items) {
    if (!isScalar(key) || (typeof key.value !== 'symbol' && key.value !== '<<')) continue;
    const merged = resolve(document, value);
    for (const source of isSeq(merged) ? merged.items : [merged]) {
      const inherited = resolve(document, source);
      const pair = inherited === null ? undefined : pairOf(document, inherited, name);
      if (pair !== undefined) return pair;
    }
  }
  return undefined;
}

function resolve(document: Document, node: unknown): Node | null {
  if (isAlias(node)) return node.resolve(document) ?? null;
  return isNode(node) ? node : null;
}

interface Broken {
  alias: string | null;
  explained: [message: string, instead: string];
}

function toData(document: Document): { data: unknown; broken: Broken | null } {
  try {
    return { data: document.toJS({ maxAliasCount: 100 }), broken: null };
  } catch (error) {
    const alias = /: (\S+)$/.exec(String(error))?.[1] ?? null;
    const unknown = String(error).includes('Unresolved alias');
    const explained: Broken['explained'] = unknown
      ? [`nothing above is called &${alias ?? ''}`, 'the name of an anchor that stands above']
      : ['aliases multiply beyond reason', 'the values themselves'];
    return { data: null, broken: { alias: unknown ? alias : null, explained } };
  }
}

function offsetOfAlias(document: Document, { alias }: Broken): number {
  let offset = 0;
  visit(document, {
    Alias(_key, node) {
      if (alias !== null && node.source !== alias) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

/** What follows an unexpected token is misread because of it, and one mistake a line is enough. */
function firstOf(errors: readonly YAMLError[]): YAMLError[] {
  const cut = errors.findIndex(({ code }) => code === 'UNEXPECTED_TOKEN');
  const kept = errors.filter(({ code }, index) => cut < 0 || index <= cut || code === 'DUPLICATE_KEY');
  return kept.filter(({ pos }, index) => kept.findIndex((other) => other.pos[0] === pos[0]) === index);
}

const QUOTES = "quotes around texts that hold one of { } [ ] , # or a colon: '...'";

function explain({ code, message }: YAMLError): [message: string, instead: string] {
  switch (code) {
    case 'DUPLICATE_KEY':
      return ['this name is there already in the same mapping', 'each name once'];
    case 'TAB_AS_INDENT':
      return ['a tab indents the line', 'spaces'];
    case 'BAD_SCALAR_START':
    case 'BLOCK_IN_FLOW':
    case 'UNEXPECTED_TOKEN':
      return ['the YAML is broken here', QUOTES];
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return [
        'there is a second `name:` where a value belongs',
        `the lines of one mapping indented alike, and ${QUOTES}`,
      ];
    case 'MISSING_CHAR':
    case 'BAD_INDENT':
      return [lower(message), 'close what is open, and indent the lines of one mapping alike'];
    case 'TAG_RESOLVE_FAILED':
      return ['this tag means nothing here', 'the plain value, without !'];
    default:
      return [lower(message), 'valid YAML'];
  }
}

function lower(message: string): string {
  return message.charAt(0).toLowerCase() + message.slice(1);
}
