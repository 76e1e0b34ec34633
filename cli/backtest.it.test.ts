import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { traceLine } from '../analysis/trace.ts';
import { errorsPoll, planOf, randomOf } from '../analysis/traffic.fixture.ts';
import type { BacktestOutcome } from '../rollout/backtest-outcome.ts';
import { TraceRun } from '../rollout/trace-run.ts';
import { type Outcome, startCommand } from '../test/fixtures/command.ts';
import { noTerminal, startOnTerminal } from '../test/fixtures/terminal.ts';

const missing = noTerminal();

const PLAN = {
  metadata: { name: 'pricing-v2' },
  flag: { key: 'pricing-v2' },
  metrics: [{ name: 'errors', kind: 'ratio', bad: 'bad', total: 'total', soft: '+0.1pp', hard: '+0.5pp' }],
  stages: [{ name: '5%', percent: 5, bake: '1h' }],
};
const plan = planOf(PLAN);
const ROLLOUTS = 24;
const POLLS = 240;

/** The last rollout goes on after the second one, which another thread has unless that is seen. */
function retry(): string[] {
  const random = randomOf(77);
  return Array.from({ length: 60 }, (_, poll) => {
    const at = { stage: '5%', t: (poll + 1) * 15, requests: 3000, share: 0.05 };
    const sample = errorsPoll(random, { ...at, baseline: 0.005, canary: 0.008 });
    return traceLine(sample, { rollout: `r${ROLLOUTS}`, after: 'r1', plan });
  });
}

/** Rollouts whose lines stand mixed, every third of them bad from its middle on: enough lines for several threads. */
function lines(): string[] {
  const randoms = Array.from({ length: ROLLOUTS }, (_, i) => randomOf(i + 1));
  const mixed = Array.from({ length: POLLS }, (_, poll) =>
    randoms.map((random, i) => {
      const extra = i % 3 === 0 && poll >= POLLS / 2 ? 0.05 : 0;
      const at = { stage: '5%', t: (poll + 1) * 15, requests: 3000, share: 0.05 };
      const sample = errorsPoll(random, { ...at, baseline: 0.005, canary: 0.005 + extra });
      // The same name, written in two ways.
      const line = traceLine(sample, { rollout: `r${i}`, plan });
      return poll % 2 === 0 ? line : line.replace('"rollout":"r', '"rollout" : "\\u0072');
    }),
  ).flat();
  return [...mixed, ...retry()];
}

let folder: string;
const trace = lines();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-backtest-'));
  await writeFile(join(folder, 'plan.yaml'), JSON.stringify(PLAN));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(text: string, file: string): Promise<Outcome> {
  await writeFile(join(folder, file), text);
  return startCommand(['backtest', 'plan.yaml', '--trace', file, '--json'], { cwd: folder, from: 'build' })
    .ended;
}

describe('a backtest', () => {
  test('of many lines says the same as one rollout after the other, in the order of the file', async () => {
    expect(trace.length).toBeGreaterThan(5_000);
    const alone = new TraceRun(plan);
    trace.forEach((text, i) => alone.add(text, i + 1));
    const expected = alone.finish().outcomes.map(({ outcome }) => outcome);
    const { status, out, err } = await run(`${trace.join('\n')}\n`, 'many.jsonl');
    expect([status, err]).toEqual([1, '']);
    const found = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as BacktestOutcome);
    expect(found).toEqual(JSON.parse(JSON.stringify(expected)));
    expect(found.map(({ rollout }) => rollout)).toEqual(
      Array.from({ length: ROLLOUTS + 1 }, (_, i) => `r${i}`),
    );
    expect(new Set(found.map(({ outcome }) => outcome)).size).toBeGreaterThan(1);
  });

  test('of standard input says the same as of the file', async () => {
    const few = trace.filter((line) => /"r7"|u00727"/.test(line));
    const args = ['backtest', 'plan.yaml', '--trace', '-', '--json'];
    const piped = await startCommand(args, { cwd: folder, input: few.join('\n'), from: 'build' }).ended;
    expect(piped).toEqual(await run(few.join('\n'), 'few.jsonl'));
    expect(piped.out).toContain('"rollout":"r7"');
  });

  test.skipIf(missing !== '')(
    `shows on a terminal how far it is, and takes that away${missing && ` (skipped: ${missing})`}`,
    async () => {
      await writeFile(join(folder, 'many.jsonl'), `${trace.join('\n')}\n`);
      const args = ['backtest', 'plan.yaml', '--trace', 'many.jsonl'];
      const on = startOnTerminal(args, { cwd: folder, env: {}, columns: 100, rows: 24 });
      expect(await on.ended).toBe(1);
      const drawn = [...on.out().matchAll(/\r\x1b\[K([█░]{30}) {1,3}(\d+) % {2}(\d+) rollouts/g)];
      const shares = drawn.map(([, , share]) => Number(share));
      // How many there are is a matter of the machine: ten a second while it reads.
      expect(shares.length).toBeGreaterThan(0);
      expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      // Both are cut off: a cell is three and a third per cent.
      for (const [, bar = '', share] of drawn)
        expect(Math.abs(bar.replaceAll('░', '').length - 0.3 * Number(share))).toBeLessThanOrEqual(1);
      const counts = drawn.map(([, , , count]) => Number(count));
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      expect(counts.at(-1)).toBeLessThanOrEqual(ROLLOUTS + 1);
      // The last of it is wiped away before the outcomes.
      const [, ...after] = on
        .out()
        .slice(on.out().lastIndexOf(drawn.at(-1)?.[0] ?? ''))
        .split('\r\x1b[K');
      expect(after).toHaveLength(2);
      expect(after[1]).toContain('r0');
      expect(after[1]).not.toMatch(/[█░]/);
    },
    60_000,
  );

  test('is drawn as one page, each rollout with its stop', async () => {
    const few = trace.filter((line) => /"r[67]"|u0072[67]"/.test(line));
    await writeFile(join(folder, 'few.jsonl'), few.join('\n'));
    const args = ['backtest', 'plan.yaml', '--trace', 'few.jsonl', '--chart', 'out.html'];
    const { status, err } = await startCommand(args, { cwd: folder }).ended;
    expect([status, err]).toEqual([1, '']);
    const page = await readFile(join(folder, 'out.html'), 'utf8');
    expect(page).toMatch(
      /r6 <span class="badge hard">rolled back<[\s\S]*r7 <span class="badge pass">completed</,
    );
    // Errors and evidence of both, for a wide page and a narrow one.
    expect(page.match(/<svg /g)).toHaveLength(8);
    expect(page.match(/class="stop-name"/g)).toHaveLength(4);
    expect(page).not.toMatch(/NaN|undefined|<script/);
  });

  test('draws no more rollouts on a page than its help says, and tells how many are left', async () => {
    const help = await startCommand(['backtest', '--help'], { cwd: folder }).ended;
    expect(help.out).toMatch(/HTML page \(the first 20\s+of them\)/);
    await writeFile(join(folder, 'short.jsonl'), trace.slice(0, 8 * ROLLOUTS).join('\n'));
    const args = ['backtest', 'plan.yaml', '--trace', 'short.jsonl', '--chart', 'first.html'];
    await startCommand(args, { cwd: folder }).ended;
    const page = await readFile(join(folder, 'first.html'), 'utf8');
    expect(page.match(/<h2/g)?.length).toBe(20);
    expect(page).toContain(`${ROLLOUTS - 20} more`);
  });

  test.each([0, 5_500])(
    'with a wrong line after %i others names it, gives no verdict and ends with 2',
    async (at) => {
      const broken = trace.with(at, '{"rollout":"r1","stage":"nowhere"}').with(at + 7, 'half a li');
      const { status, out, err } = await run(broken.slice(0, at + 100).join('\n'), 'broken.jsonl');
      expect(status).toBe(2);
      expect(JSON.parse(out)).toMatchObject({
        code: 'TRACE_INVALID',
        details: [expect.stringContaining(`line ${at + 1}: `), `line ${at + 8}: not JSON`],
      });
      expect(err).toBe('');
    },
  );

  const good = (stages: readonly string[], metric = 'errors') =>
    stages.flatMap((stage, at) =>
      Array.from({ length: 245 }, (_, poll) => {
        const random = randomOf(1000 * at + poll);
        const one = { stage, t: (at * 245 + poll + 1) * 15, requests: 3000, share: 0.05 };
        const sample = errorsPoll(random, { ...one, baseline: 0.005, canary: 0.005 });
        return traceLine(sample, { rollout: 'r1', plan }).replaceAll('"errors"', `"${metric}"`);
      }),
    );

  test('of a rollout that ended sooner than the plan says which stages nothing is known of', async () => {
    const longer = {
      ...PLAN,
      stages: ['5%', '25%', '50%'].map((name, at) => ({ name, percent: 5 + at, bake: '1h' })),
    };
    await writeFile(join(folder, 'longer.yaml'), JSON.stringify(longer));
    await writeFile(join(folder, 'sooner.jsonl'), good(['5%']).join('\n'));
    const args = ['backtest', 'longer.yaml', '--trace', 'sooner.jsonl', '--chart', 'sooner.html'];
    const { status, out } = await startCommand(args, { cwd: folder }).ended;
    expect(status).toBe(0);
    expect(out).toContain('the trace has nothing of 25%, 50%');
    expect(out).toContain('1 completed (1 of only some stages)');
    const page = await readFile(join(folder, 'sooner.html'), 'utf8');
    expect(page).toContain('Nothing would have stopped it, up to 5%');
    const json = await startCommand([...args.slice(0, 4), '--json'], { cwd: folder }).ended;
    expect(JSON.parse(json.out)).toMatchObject({ outcome: 'completed', stage: '5%', unseen: ['25%', '50%'] });
  });

  test('of a trace without a metric of the plan says what each stage still lacked', async () => {
    await writeFile(join(folder, 'renamed.jsonl'), good(['5%'], 'errorz').join('\n'));
    const args = ['backtest', 'plan.yaml', '--trace', 'renamed.jsonl'];
    const { status, out } = await startCommand(args, { cwd: folder }).ended;
    expect(status).toBe(1);
    expect(out).toMatch(/would have held longer in 5% \(no usable data: the samples lack errors\)/);
  });

  test('of a file that is no text of lines says what it is, and not that each line is wrong', async () => {
    const text = good(['5%']).join('\n');
    await writeFile(join(folder, 'a.jsonl.gz'), gzipSync(text));
    await writeFile(join(folder, 'wide.jsonl'), Buffer.from(`\ufeff${text}`, 'utf16le'));
    const why = async (file: string) => {
      const args = ['backtest', 'plan.yaml', '--trace', file];
      const { status, out, err } = await startCommand(args, { cwd: folder }).ended;
      expect([status, out]).toEqual([2, '']);
      return err;
    };
    const packed = await why('a.jsonl.gz');
    expect(packed).toMatch(
      /it is compressed\. \(TRACE_UNREADABLE\)\n {2}at a\.jsonl\.gz\n.*gunzip -c FILE \|/,
    );
    expect(await why('wide.jsonl')).toContain('it is no UTF-8 text. (TRACE_UNREADABLE)');
    expect(await why('nowhere.jsonl')).toContain('there is no such file. (TRACE_UNREADABLE)');
    expect(await why('.')).toContain('it is a folder. (TRACE_UNREADABLE)');
  });

  test('reads past the mark that some editors put before the first line', async () => {
    const { status, out } = await run(`\ufeff${good(['5%']).join('\r\n')}`, 'marked.jsonl');
    expect(status).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ outcome: 'completed', held: [], heldBy: {}, unseen: [] });
  });
});
