#!/usr/bin/env node
import { CommanderError } from 'commander';
import { FAILURES, Failure, isFailure } from '../plans/failures.ts';
import { problemDetails } from '../plans/problem-details.ts';
import { capital } from '../plans/words.ts';
import { failureLines } from './failure.ts';
import { createProgram } from './program.ts';
import { inkFor } from './render/ink.ts';

/** Runs one command and gives its exit status: 0 done, 1 the answer is no, 2 wrong use, 3 not reached. */
async function main(args: readonly string[]): Promise<number> {
  let status = 0;
  const program = createProgram((outcome) => {
    status = outcome;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return status;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const failure = asFailure(error);
    tell(failure, args.includes('--json'));
    return FAILURES[failure.code].exit;
  }
}

function asFailure(error: unknown): Failure {
  if (isFailure(error)) return error;
  if (error instanceof CommanderError) {
    if (error.code === 'commander.help') return new Failure('USAGE', 'A command is missing.');
    return new Failure('USAGE', sentence(error.message.replace(/^error: /, '')));
  }
  if (process.env['TIDEGATE_DEBUG'] !== undefined) console.error(error);
  return new Failure(
    'INTERNAL',
    error instanceof Error ? sentence(error.message) : 'Something unexpected happened.',
    {
      details: ['TIDEGATE_DEBUG=1 shows where.'],
      cause: error,
    },
  );
}

function sentence(text: string): string {
  const line = text.split('\n', 1)[0] ?? '';
  const ended = /[.!?]$/.test(line) ? line : `${line}.`;
  return capital(ended);
}

function tell(failure: Failure, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(problemDetails(failure))}\n`);
    return;
  }
  const ink = inkFor(process.stderr, process.env);
  process.stderr.write(`${failureLines(failure, (text) => ink('bad', text)).join('\n')}\n`);
}

// `tidegate list | head` closes the pipe early: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(0);
});

process.exitCode = await main(process.argv.slice(2));
