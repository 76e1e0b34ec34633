import { writeFile } from 'node:fs/promises';
import { scheduleOf } from '../../analysis/schedule.ts';
import { Answers } from '../../plans/draft/answers.ts';
import { draftText } from '../../plans/draft/text.ts';
import { Failure } from '../../plans/failures.ts';
import { findingText } from '../../plans/finding.ts';
import { parsePlan } from '../../plans/parse.ts';
import { besideClock } from '../../plans/review/clock.ts';
import type { Context } from '../context.ts';
import { ask } from '../plan-new/ask.ts';
import { problemOf, QUESTIONS } from '../plan-new/questions.ts';

export interface NewOptions {
  [option: string]: string | boolean | undefined;
  out?: string;
  force?: boolean;
}

const CANCELLED = 130;
const MORE = ['title', 'environment', 'timezone', 'segment', 'channel', 'pager'] as const;

/**
 * Writes a plan from what is known of a change: options, and on a terminal questions for the rest. The plan goes to standard
 * output or to a file that is not there yet. @throws Failure USAGE with every option that is missing or wrong
 */
export async function create(context: Context, options: NewOptions): Promise<number> {
  const today = new Date().toISOString().slice(0, 10);
  const given = new Map(
    QUESTIONS.flatMap(({ key }) => {
      const value = options[key];
      return typeof value === 'string' ? [[key, value] as const] : [];
    }),
  );
  refuseWrong(given, today);
  const asks = !context.json && process.stdin.isTTY && process.stderr.isTTY;
  const answered = asks ? await ask(given, { input: process.stdin, output: process.stderr, today }) : given;
  if (answered === null) return CANCELLED;
  const answers = answersOf(answered, options);
  const schedule = scheduleOf(answers);
  const text = draftText(answers, schedule);
  const file = options.out ?? null;
  const parsed = parsePlan(text, file ?? 'plan.yaml');
  if (parsed.kind === 'invalid')
    throw new Failure('INTERNAL', 'The plan that was written is not valid.', {
      details: parsed.findings.map(findingText),
    });
  const gone = parsed
    .with(besideClock({ now: context.page().now }))
    .warnings.find(({ rule }) => rule === 'PLAN-EXPIRED');
  if (gone !== undefined)
    throw new Failure('USAGE', 'Answers do not fit.', {
      details: [`--expires ${answers.expires}: ${gone.message}`],
    });
  if (file !== null) await writePlan(file, { text, force: options.force === true });
  context.tell({ file, text, stages: schedule.stages, left: schedule.left, unseen: schedule.unseen });
  context.say(
    file === null
      ? [text.trimEnd()]
      : [`${file} is written. Next: tidegate plan check ${file}, then tidegate preflight ${file}`],
  );
  return 0;
}

function refuseWrong(given: ReadonlyMap<string, string>, today: string): void {
  const details = QUESTIONS.flatMap((question) => {
    const text = given.get(question.key);
    const problem = text === undefined ? undefined : problemOf(question, text, today);
    return problem === undefined ? [] : [`--${question.key} ${text}: ${problem}`];
  });
  if (details.length === 0) return;
  throw new Failure('USAGE', 'Answers do not fit.', { details });
}

function answersOf(answered: ReadonlyMap<string, string>, options: NewOptions): Answers {
  const missing = QUESTIONS.filter(({ key }) => !answered.has(key)).map(
    ({ key, value }) => `--${key} ${value}`,
  );
  if (missing.length > 0)
    throw new Failure('USAGE', `Answers are missing: ${missing.join(', ')}.`, {
      details: ['On a terminal, and without --json, they are asked for.'],
    });
  const asked = QUESTIONS.map(({ key, read }) => [key, read(answered.get(key) ?? '')] as const);
  const more = MORE.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]] as const]));
  const parsed = Answers.safeParse(Object.fromEntries([...asked, ...more]));
  if (parsed.success) return parsed.data;
  throw new Failure('USAGE', 'Answers do not fit.', {
    details: parsed.error.issues.map(({ path, message }) => `--${path.join('.')}: ${message}`),
  });
}

async function writePlan(file: string, { text, force }: { text: string; force: boolean }): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? 'w' : 'wx' });
  } catch (cause) {
    const taken = cause instanceof Error && 'code' in cause && cause.code === 'EEXIST';
    throw new Failure(
      'USAGE',
      taken ? `${file} is there already: --force overwrites it.` : `${file} cannot be written.`,
      { cause, details: !taken && cause instanceof Error ? [cause.message] : [] },
    );
  }
}
