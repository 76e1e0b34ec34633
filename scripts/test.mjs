/**
 * `npm test`: the checks, then the tests: first those of units and of parts, then the end-to-end runs, which time
 * real reactions and want the machine for themselves. They leave half of it idle, though: that is for the tests of what decides, which
 * only compute, at a lower priority. What failed is told again at the end, where it is found without reading it all; the last
 * line is `N passed, N failed`.
 * `npm test -- plans/` runs only the test files whose path has that in it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, constants, setPriority, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { runSteps } from './check/steps.mjs';
import { tell } from './check/tell.mjs';
import { root } from './setup/root.mjs';

const LINES_OF_A_FAILURE = 12;
const began = performance.now();
const total = { passed: 0, failed: 0, skipped: 0 };
/** One text for each failure. */
const failures = [];
const running = new Set();
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true;
    for (const child of running) child.kill(signal);
  });
}

heading('checks (usually half a minute)');
for (const { name, passed, output } of await runSteps(tell)) {
  total[passed ? 'passed' : 'failed'] += 1;
  if (!passed) failures.push(told(`check: ${name}`, output));
}
heading('tests of units and of parts (usually 7 minutes)');
add(await vitest(['unit', 'it'], { units: 'others' }));
heading('end-to-end runs (usually 10 minutes), and beside them the tests of what decides');
const beside = vitest(['unit'], { units: 'deciding', beside: true });
add(await vitest(['e2e']));
add(await beside);

if (failures.length > 0) {
  heading('what failed');
  for (const failure of failures) console.log(failure);
}
console.log(`\n${Math.round((performance.now() - began) / 1000)} s`);
console.log(
  `${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`,
);
process.exitCode = total.failed === 0 ? 0 : 1;

function heading(text) {
  console.log(`\n== ${text}`);
}

function add({ what, ...counts }) {
  for (const kind of Object.keys(total)) total[kind] += counts[kind];
  failures.push(...what);
}

/** What failed and the beginning of what was said of it: all of it stands where it happened. */
function told(what, said) {
  const lines = stripVTControlCharacters(said ?? '')
    .trim()
    .split('\n')
    .filter((line) => !/^\s+at (?:.*node_modules|new Promise)/.test(line));
  const shown = lines.slice(0, LINES_OF_A_FAILURE).map((line) => `    ${line}`);
  return [what, ...shown, ...(lines.length > shown.length ? ['    ...'] : [])].join('\n');
}

/** `beside`: at a lower priority (the lowest might not get a worker started within vitest's minute), and what it says is told at its end. */
async function vitest(projects, { units, beside = false } = {}) {
  if (interrupted) return counted(projects, null, undefined);
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-results-'));
  const file = join(folder, 'results.json');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const args = [
    'run',
    '--passWithNoTests',
    ...projects.flatMap((name) => ['--project', name]),
    ...reporters,
    ...(beside ? [`--maxWorkers=${Math.max(1, Math.floor(availableParallelism() / 2))}`] : []),
    ...process.argv.slice(2),
  ];
  try {
    const status = await new Promise((resolve) => {
      const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
        cwd: root,
        env: { ...process.env, TIDEGATE_UNITS: units },
        stdio: ['ignore', ...(beside ? ['pipe', 'pipe'] : ['inherit', 'inherit'])],
      });
      let said = '';
      for (const stream of beside ? [child.stdout, child.stderr] : [])
        stream.setEncoding('utf8').on('data', (text) => {
          said += text;
        });
      if (beside && child.pid !== undefined) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
      running.add(child);
      child.once('close', (status) => {
        running.delete(child);
        process.stdout.write(said);
        resolve(status);
      });
    });
    const results = await readFile(file, 'utf8').catch(() => undefined);
    return counted(projects, status, results === undefined ? undefined : JSON.parse(results));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A file that cannot be loaded, an error outside any test, a run without results: each counts as a failure. */
function counted(projects, status, results) {
  const run = `${projects.join(' and ')}: a run that ended with ${status ?? 'a signal'}`;
  if (results === undefined) {
    const what = status === 0 ? [] : [told(run, 'It left no results.')];
    return { passed: 0, failed: what.length, skipped: 0, what };
  }
  const what = results.testResults.flatMap(({ name, status: outcome, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter((test) => test.status === 'failed');
    if (failed.length === 0) return outcome === 'failed' ? [told(file, message)] : [];
    return failed.map((test) => told(`${file} > ${test.fullName}`, test.failureMessages.join('\n')));
  });
  if (what.length === 0 && status !== 0)
    what.push(told(run, 'No test failed: an error outside of the tests, told above.'));
  return {
    passed: results.numPassedTests,
    failed: what.length,
    skipped: results.numPendingTests + (results.numTodoTests ?? 0),
    what,
  };
}
