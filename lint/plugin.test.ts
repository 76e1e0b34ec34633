import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Linter } from 'eslint';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import plugin from './index.ts';

const SOURCE = `import rules from 'old-search';
import { isEnabled } from './flags.js';
if (await isEnabled('old-search', user)) search();
const key = \`old-search\`;
const other = \`old-search-\${user}\`;
await isEnabled('new-search', user);
`;

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(fileURLToPath(new URL('..', import.meta.url)), 'node_modules/.lint-test-'));
  await writeFile(join(dir, 'retired.json'), JSON.stringify({ retired: ['old-search'] }));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function lint(options: object, source = SOURCE) {
  const rules = { 'tidegate/no-retired-flags': ['error', options] } as const;
  // The plugin says only what it needs of ESLint's types.
  const config = { plugins: { tidegate: plugin }, rules } as unknown as Linter.Config;
  return new Linter({ cwd: dir }).verify(source, [config]);
}

test.each([[{ keys: ['old-search'] }], [{ file: 'retired.json' }]])(
  'ESLint: a retired flag is named where code asks for it, and not where a module has its name',
  (options) => {
    expect(lint(options).map(({ line, ruleId, message }) => ({ line, ruleId, message }))).toEqual([
      {
        line: 3,
        ruleId: 'tidegate/no-retired-flags',
        message: expect.stringContaining('"old-search" is retired'),
      },
      {
        line: 4,
        ruleId: 'tidegate/no-retired-flags',
        message: expect.stringContaining('delete the question'),
      },
    ]);
  },
);

test('a list that is missing or is no list is told with the command that writes it', async () => {
  expect(() => lint({ file: 'absent.json' })).toThrow(
    /absent\.json cannot be read .*tidegate flags retired --json/,
  );
  await writeFile(join(dir, 'wrong.json'), '["old-search"]');
  expect(() => lint({ file: 'wrong.json' })).toThrow('it has no list `retired`');
  expect(() => lint({ keys: [] })).toThrow('say which flags are retired');
});

test('oxlint: the same rule as a JavaScript plugin', async () => {
  const here = fileURLToPath(new URL('.', import.meta.url));
  for (const name of ['index', 'keys']) {
    const text = ts.sys.readFile(join(here, `${name}.ts`)) ?? '';
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(text, { compilerOptions });
    await writeFile(join(dir, `${name}.js`), outputText.replaceAll(".ts'", ".js'"));
  }
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await writeFile(join(dir, 'code.ts'), SOURCE);
  const rules = { 'tidegate/no-retired-flags': ['error', { file: 'retired.json' }] };
  await writeFile(
    join(dir, '.oxlintrc.json'),
    JSON.stringify({ jsPlugins: ['./index.js'], categories: { correctness: 'off' }, rules }),
  );
  const oxlint = join(createRequire(import.meta.url).resolve('oxlint/package.json'), '../bin/oxlint');
  const run = promisify(execFile)(process.execPath, [oxlint, '--format', 'json', 'code.ts'], { cwd: dir });
  const { stdout } = await run.catch((error: { stdout: string }) => error);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { code: string; labels: { span: { line: number } }[] }[];
  };
  expect(diagnostics.map(({ code, labels }) => [code, labels[0]?.span.line])).toEqual([
    ['tidegate(no-retired-flags)', 3],
    ['tidegate(no-retired-flags)', 4],
  ]);
});
