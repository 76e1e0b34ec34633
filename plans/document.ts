import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, type Node, parseAllDocuments } from 'yaml';
import type { Finding } from './finding.ts';

export type Path = readonly PropertyKey[];

/** A YAML text as data, with the place of each of its parts. */
export interface YamlDocument {
  data: unknown;
  problems: Finding[];
  /** Where a value stands; with `key`, where the name of a mapping's entry stands. The nearest parent for what is missing. */
  locate(path: Path, key?: boolean): { line: number; column: number };
}

/** Reads one YAML document. Syntax errors and duplicate keys are findings with their place. */
export function readYaml(text: string, given: { file: string; rule: string }): YamlDocument {
  const { file, rule } = given;
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: counter, uniqueKeys: true });
  const [document] = Array.isArray(documents) ? documents : [];
  const at = (offset: number) => {
    const { line, col } = counter.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problem = (offset: number, message: string, instead: string): Finding => ({ severity: 'error', rule, file, ...at(offset), path: '', message, instead });
  if (document === undefined) {
    return { data: null, problems: [problem(0, 'the file is empty', 'begin with `metadata: { name: ... }`')], locate: () => ({ line: 1, column: 1 }) };
  }
  const problems = document.errors.map((error) => problem(error.pos[0], error.message.split('\n')[0]?.replace(/ at line \d+.*$/, '') ?? 'this is no YAML', ''));
  if (documents.length > 1) problems.push(problem(documents[1]?.range[0] ?? 0, 'the file holds more than one document', 'one file for each, without `---`'));

  function locate(path: Path, key = false): { line: number; column: number } {
    let node: Node | null = document?.contents ?? null;
    let place = node?.range?.[0] ?? 0;
    for (const [depth, part] of path.entries()) {
      const last = depth === path.length - 1;
      if (isMap(node)) {
        const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(part));
        if (pair === undefined) break;
        const wanted: unknown = last && key ? pair.key : (pair.value ?? pair.key);
        if (isNode(pair.key) && pair.key.range) place = pair.key.range[0];
        if (isNode(wanted) && wanted.range) place = wanted.range[0];
        node = isNode(pair.value) ? pair.value : null;
      } else if (isSeq(node)) {
        const item: unknown = node.items[Number(part)];
        if (!isNode(item)) break;
        place = item.range?.[0] ?? place;
        node = item;
      } else break;
    }
    return at(place);
  }
  return { data: problems.length > 0 ? null : document.toJS({ maxAliasCount: 100 }), problems, locate };
}

/** `['stages', 2, 'bake']` → `stages[2].bake`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '');
}
