import { type Finding, findingLines } from '../../plans/finding.ts';
import { planJsonSchema } from '../../plans/json-schema.ts';
import { parsePlan } from '../../plans/parse.ts';
import type { Context } from '../context.ts';
import { planText } from '../plan-file.ts';

/** Checks plans without a server: everything that the text alone shows to be wrong. Gives 1 when one has errors. */
export async function check(context: Context, files: readonly string[]): Promise<number> {
  const results = await Promise.all(
    files.map(async (file) => ({ file, ...findingsOf(await planText(file), file) })),
  );
  context.tell({ ok: results.every(({ ok }) => ok), plans: results });
  context.say(
    results.flatMap(({ file, ok, findings }) => [
      ...findings.flatMap(findingLines),
      ok
        ? `${file}: ok${findings.length > 0 ? `, ${findings.length} to think about` : ''}`
        : `${file}: ${findings.filter(({ severity }) => severity === 'error').length} to mend`,
    ]),
  );
  return results.every(({ ok }) => ok) ? 0 : 1;
}

/** The JSON Schema of plans; the same with and without `--json`. */
export async function schema(): Promise<void> {
  process.stdout.write(`${JSON.stringify(planJsonSchema(), null, 2)}\n`);
}

function findingsOf(text: string, file: string): { ok: boolean; findings: Finding[] } {
  const result = parsePlan(text, file);
  return result.kind === 'ok'
    ? { ok: true, findings: result.warnings }
    : { ok: false, findings: result.findings };
}
