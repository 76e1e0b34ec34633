import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { Failure } from '../plans/failures.ts';
import { findingText } from '../plans/finding.ts';
import { parsePlan } from '../plans/parse.ts';
import type { Plan } from '../plans/plan.ts';

const WHY: Record<string, string> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a folder',
  EACCES: 'this account may not read it',
};

/** The text of a plan file, or of standard input for `-`. `PLAN_UNREADABLE` says why not. */
export async function planText(file: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new Failure('PLAN_UNREADABLE', `The plan cannot be read: ${WHY[code] ?? code}.`, {
      where: file,
      cause: error,
    });
  }
}

/** A plan without errors. @throws Failure PLAN_UNREADABLE, PLAN_INVALID with all that is wrong */
export async function readPlan(file: string): Promise<Plan> {
  const parsed = parsePlan(await planText(file), file);
  if (parsed.kind === 'ok') return parsed.plan;
  const errors = parsed.findings.filter(({ severity }) => severity === 'error').map(findingText);
  throw new Failure('PLAN_INVALID', `${file} has errors.`, { where: file, details: errors });
}
