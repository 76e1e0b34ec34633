/**
 * `node scripts/check/directions.mjs`: the import directions of the house, by dependency-cruiser. It passes in
 * silence when it cannot read TypeScript, so what it read is counted as well.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cruise } from 'dependency-cruiser';
import extractTSConfig from 'dependency-cruiser/config-utl/extract-ts-config';

const root = process.argv[2] ?? process.cwd();
process.chdir(root);

const { default: config } = await import(new URL('../../.dependency-cruiser.mjs', import.meta.url).href);
const folders = readdirSync(root, { withFileTypes: true })
  .filter(
    (entry) => entry.isDirectory() && !/^(\.|node_modules$|dist|docs$|scripts$|coverage$)/.test(entry.name),
  )
  .map((entry) => entry.name);
const present = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
);

const { output } = await cruise(
  folders,
  { ...config.options, ruleSet: { forbidden: config.forbidden }, validate: true },
  undefined,
  { tsConfig: extractTSConfig(join(root, 'tsconfig.json')) },
);
const read = new Map(output.modules.map((module) => [module.source, module]));
const troubles = output.summary.violations.map(describe);
for (const file of present) if (!read.has(file)) troubles.push(`not-read: ${file} was not read at all`);
const followed = present
  .flatMap((file) => read.get(file)?.dependencies ?? [])
  .filter(({ resolved }) => resolved.endsWith('.ts'));
if (present.length > 1 && followed.length === 0)
  troubles.push('not-read: not one import between TypeScript files was followed');

if (troubles.length > 0) {
  console.error(troubles.join('\n'));
  process.exit(1);
}
console.log(`${present.length} files, ${followed.length} imports between them`);

function describe({ rule, from, to, cycle }) {
  const way =
    cycle === undefined
      ? to
      : cycle.map((step) => (typeof step === 'string' ? step : step.name)).join(' -> ');
  return `${rule.name}: ${from} -> ${way}`;
}
