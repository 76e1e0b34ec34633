import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));
const guide = readFileSync(new URL('../docs/client.md', import.meta.url), 'utf8');

/** What the guide takes for granted: an application. */
const APPLICATION = `
type User = { id: string; email: string };
type Basket = { lines: string[] };
type Price = { total: number };
type Call = { signal: AbortSignal; idempotencyKey?: string };
type Assignment = import('./client/index.ts').Assignment;
declare const oldPrice: (basket: Basket) => Price;
declare const newPrice: (basket: Basket) => Promise<Price>;
declare const oldPrices: (basket: Basket, call: Call) => Promise<Price>;
declare const newPrices: (basket: Basket, call: Call) => Promise<Price>;
declare const oldTotal: (basket: Basket) => number;
declare const newTotal: (basket: Basket) => number;
declare const basket: Basket;
declare const context: { targetingKey: string };
declare const request: Request;
declare const assignment: Assignment;
declare const order: { id: string };
declare const NO_RECEIPT: string;
declare const payments: { charge(order: { id: string }, options: { idempotencyKey: string | undefined }): Promise<string> };
declare const mailer: { send(receipt: string): Promise<void> };
declare const log: { info(fields: object, text: string): void; warn(fields: object, text: string): void };
`;

function blocks(): string[] {
  return [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code = '']) => code);
}

/** A block as a module: what it makes by itself stands in place of what was made before. */
function moduleOf(code: string): string {
  const imports = [...code.matchAll(/^import .*$/gm)].map(([line]) => line);
  const rest = code.replace(/^import .*$/gm, '').replace(/^export /gm, '');
  const offered = Object.keys(exported()).filter((name) => !imports.some((line) => line.includes(name)));
  const known = offered.length === 0 ? '' : `import { ${offered.join(', ')} } from 'tidegate/client';`;
  const made = /const dispatcher\b/.test(rest)
    ? ''
    : `declare const dispatcher: import('tidegate/client').Dispatcher;`;
  return `${imports.join('\n')}\n${known}\n${APPLICATION}\n${made}\nasync function block() {\n${rest}\n}\nvoid block;\n`;
}

function exported(): Record<string, true> {
  const index = readFileSync(new URL('./index.ts', import.meta.url), 'utf8');
  const names = [...index.matchAll(/^export \{([\s\S]*?)\} from/gm)].flatMap(([, list = '']) =>
    list.split(',').map((name) => name.trim()),
  );
  return Object.fromEntries(
    names.filter((name) => name !== '' && !name.startsWith('type ')).map((name) => [name, true] as const),
  );
}

function problemsOf(modules: ReadonlyMap<string, string>): string[] {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ['node'],
    typeRoots: [`${root}node_modules/@types`],
    paths: { 'tidegate/client': [`${root}client/index.ts`] },
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (name) => modules.has(name) || fileExists(name);
  host.readFile = (name) => modules.get(name) ?? readFile(name);
  host.getSourceFile = (name, ...rest) => {
    const text = modules.get(name);
    return text === undefined ? getSourceFile(name, ...rest) : ts.createSourceFile(name, text, rest[0]);
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  return [...modules.keys()].flatMap((name) => {
    const file = program.getSourceFile(name);
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) =>
        `${name.slice(root.length)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`,
    );
  });
}

it('shows code that compiles', { timeout: 120_000 }, () => {
  const code = blocks();
  expect(code.length).toBeGreaterThan(5);
  const modules = new Map(code.map((block, i) => [`${root}docs-block-${i + 1}.ts`, moduleOf(block)]));
  modules.set(`${root}docs-block-wrong.ts`, moduleOf("dispatcher.run({ flag: 'a' });"));
  const problems = problemsOf(modules);
  // The check itself can fail.
  expect(problems.filter((problem) => problem.includes('docs-block-wrong'))).not.toEqual([]);
  expect(problems.filter((problem) => !problem.includes('docs-block-wrong'))).toEqual([]);
});
