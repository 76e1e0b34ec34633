import type { Command } from 'commander';
import { number } from './number.ts';
import type { Run } from './run.ts';

const segments = () => import('./commands/segments.ts');
const REASON = ['--reason <text>', 'why; it stands in the history'] as const;

/** Audiences that flags share. */
export function addSegments(flags: Command, run: Run): void {
  const group = flags.command('segments').description('audiences that flags share');
  group
    .command('list', { isDefault: true })
    .description('all segments, those of tidegate.yaml too')
    .action(run(async (c) => (await segments()).list(c)));
  group
    .command('show <segment>')
    .description('one segment: rules, who joined and who left')
    .action(run(async (c, name: string) => (await segments()).show(c, name)));
  group
    .command('set <file>')
    .description('make or change the segments of a file')
    .requiredOption(...REASON)
    .action(
      run(async (c, file: string, options: { reason: string }) => (await segments()).set(c, file, options)),
    );
  group
    .command('remove <segment>')
    .description('remove a segment that nothing names')
    .requiredOption(...REASON)
    .action(
      run(async (c, name: string, options: { reason: string }) =>
        (await segments()).remove(c, name, options),
      ),
    );
  for (const [verb, what] of [
    ['join', 'a person joins'],
    ['leave', 'a person leaves, whatever the rules say'],
    ['forget', 'a person neither joined nor left'],
  ] as const) {
    group
      .command(`${verb} <segment> <key>`)
      .description(what)
      .option(...REASON)
      .action(
        run(async (c, name: string, key: string, { reason }: { reason?: string }) =>
          (await segments()).enrol(c, verb, { name, key, reason }),
        ),
      );
  }
  group
    .command('history <segment>')
    .description('every change: who, when, why and what')
    .action(run(async (c, name: string) => (await segments()).history(c, name)));
  group
    .command('diff <segment>')
    .description('what differs between two revisions, people included')
    .argument('<revision>', 'the earlier one', number)
    .argument('[later]', 'the later one (default: the newest)', number)
    .action(
      run(async (c, name: string, from: number, to: number | undefined) =>
        (await segments()).diff(c, name, { from, to }),
      ),
    );
  group
    .command('undo <segment>')
    .description('back to an earlier definition, as a new revision; who has joined or left since stays')
    .requiredOption('--to <revision>', 'the revision to go back to', number)
    .requiredOption(...REASON)
    .action(
      run(async (c, name: string, options: { to: number; reason: string }) =>
        (await segments()).undo(c, name, options),
      ),
    );
}
