import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { FlagdCore } from '@openfeature/flagd-core';
import { documentAt, FLAG, findEvaluator } from '../fixtures/foreign.ts';

/**
 * Cohorts of a million users, by the evaluator that Tidegate uses and by flagd's own in Go, key by key at every percentage. Both
 * run beside each other, batch by batch. It ends with 1 where they differ anywhere.
 */
const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '1000000' },
    batch: { type: 'string', default: '10000' },
  },
});
const PERCENTAGES = [0.01, 1, 5, 25, 50, 100];
const [keys, batch] = [whole(values.keys), whole(values.batch)];
const documents = PERCENTAGES.map((percent) => documentAt({ percent }));
const evaluator = await findEvaluator('go');
if ('skipped' in evaluator) throw new Error(evaluator.skipped);

const go = spawn(evaluator.program, ['stream'], { stdio: ['pipe', 'pipe', 'inherit'] });
const theirs = createInterface({ input: go.stdout })[Symbol.asyncIterator]();
const ours = documents.map((document) => {
  const core = new FlagdCore();
  core.setConfigurations(document);
  return core;
});
const began = performance.now();
await send({ flag: FLAG, documents, encode: [] });
const on = PERCENTAGES.map(() => 0);
const differ: string[] = [];
let busyMs = 0;
const batchAt = (from: number) =>
  Array.from({ length: Math.max(0, Math.min(batch, keys - from)) }, (_, at) => keyOf(from + at));
let next = batchAt(0);
await send(next);
for (let from = 0; from < keys; from += batch) {
  const named = next;
  next = batchAt(from + batch);
  // The next batch is on its way while this one is looked at.
  if (next.length > 0) await send(next);
  const since = performance.now();
  const mine = ours.map((core) => named.map((key) => letter(core, key)).join(''));
  busyMs += performance.now() - since;
  const { value: line, done } = await theirs.next();
  if (done === true) throw new Error('The Go evaluator has ended.');
  const answer: unknown = JSON.parse(line);
  if (!Array.isArray(answer)) throw new Error(`The Go evaluator says ${line}`);
  for (const [index, letters] of mine.entries()) {
    const other: unknown = answer[index];
    for (let at = 0; at < named.length; at += 1) {
      if (letters[at] === '1') on[index] = (on[index] ?? 0) + 1;
      if (typeof other === 'string' && other[at] === letters[at]) continue;
      differ.push(`${named[at] ?? ''} at ${PERCENTAGES[index] ?? 0} %: ours ${letters[at] ?? ''}`);
    }
  }
}
go.stdin.end();
await once(go, 'exit');
const seconds = (performance.now() - began) / 1000;
for (const [index, percent] of PERCENTAGES.entries())
  console.log(`${percent} %: ${on[index] ?? 0} of ${keys} keys have the canary (${share(on[index] ?? 0)} %)`);
console.log(
  `${keys} keys at ${PERCENTAGES.length} percentages in ${seconds.toFixed(1)} s (ours ${(busyMs / 1000).toFixed(1)} s): ${differ.length} differ`,
);
for (const line of differ.slice(0, 20)) console.log(line);
process.exitCode = differ.length === 0 ? 0 : 1;

/** Keys as applications have them: numbers, names, addresses, identifiers in hexadecimal. */
function keyOf(n: number): string {
  switch (n % 4) {
    case 0:
      return `user-${n}`;
    case 1:
      return String(100_000 + n);
    case 2:
      return `person.${n}@example.com`;
    default:
      return (BigInt(n) * 0x9e3779b97f4a7c15n).toString(16).padStart(32, '0');
  }
}

function letter(core: FlagdCore, key: string): string {
  const { variant } = core.resolve('boolean', FLAG, false, { targetingKey: key });
  return variant === 'on' ? '1' : variant === 'off' ? '0' : '?';
}

async function send(value: unknown): Promise<void> {
  if (!go.stdin.write(`${JSON.stringify(value)}\n`)) await once(go.stdin, 'drain');
}

function share(count: number): string {
  return ((count / keys) * 100).toFixed(3);
}

function whole(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${text} is no whole number.`);
  return value;
}
