/**
 * `node scripts/check/pure.mjs [folder]`: no clock, timer, randomness or other outside world in what decides. The
 * same decision must come out live, in a backtest and in a test, so time and chance are arguments there.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const FOLDERS = ['plans', 'analysis', 'rollout'];
const GLOBALS = new Set(
  'performance setTimeout setInterval setImmediate queueMicrotask process fetch crypto globalThis require'.split(
    ' ',
  ),
);
const MEMBERS = new Set(['Date.now', 'Math.random']);

const root = process.argv[2] ?? process.cwd();
const troubles = [];
let count = 0;
for (const folder of FOLDERS.filter((name) => existsSync(join(root, name)))) {
  for (const name of readdirSync(join(root, folder), { recursive: true })) {
    if (!name.endsWith('.ts') || name.endsWith('.test.ts')) continue;
    const path = `${folder}/${name}`;
    const file = ts.createSourceFile(
      path,
      readFileSync(join(root, path), 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    count += 1;
    visit(file, file, declaredIn(file));
  }
}
if (troubles.length > 0) {
  console.error(troubles.join('\n'));
  process.exit(1);
}
console.log(`${count} files`);

function visit(node, file, declared) {
  const found = outside(node, declared);
  if (found !== undefined) {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    troubles.push(
      `${file.fileName}:${line + 1}: ${found} does not belong in what decides; take it as an argument`,
    );
  }
  ts.forEachChild(node, (child) => visit(child, file, declared));
}

/** A name that the file declares itself is its own: `process` may be a martingale. */
function declaredIn(node, names = new Set()) {
  if (
    (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) &&
    ts.isIdentifier(node.name)
  ) {
    names.add(node.name.text);
  }
  ts.forEachChild(node, (child) => void declaredIn(child, names));
  return names;
}

function outside(node, declared) {
  if (ts.isPropertyAccessExpression(node) && MEMBERS.has(node.getText())) return node.getText();
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length)
    return 'new Date()';
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  return ts.isIdentifier(node) && GLOBALS.has(node.text) && !declared.has(node.text) && isUse(node)
    ? node.text
    : undefined;
}

/** Not the name of a property, a parameter or a type. */
function isUse(node) {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  return ts.isCallExpression(parent) || ts.isNewExpression(parent);
}
