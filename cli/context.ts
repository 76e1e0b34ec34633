import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { Failure } from '../plans/failures.ts';
import { type Ink, inkFor } from './render/ink.ts';
import type { Page } from './render/status.ts';

/** Options that every command understands. */
export interface GlobalOptions {
  json?: boolean;
  server: string;
  config?: string;
  as?: string;
  role?: string[];
}

/** One invocation: who asks, of which server, and how the answer is wanted. */
export interface Context {
  json: boolean;
  server: string;
  /** Path of tidegate.yaml where one was named. */
  configFile: string | undefined;
  actor: { by: string; roles: string[] };
  ink: Ink;
  /** Width, time and colour of a page on standard output. */
  page: () => Page;
  /** Writes lines for people; nothing with `--json`. */
  say: (lines: readonly string[]) => void;
  /** Writes one JSON value on one line with `--json`; nothing without. */
  tell: (value: unknown) => void;
}

function userName(options: GlobalOptions): string {
  const named = options.as ?? process.env['TIDEGATE_USER'];
  if (named !== undefined && named !== '') return named;
  try {
    return userInfo().username;
  } catch {
    throw new Failure('USAGE', 'Nobody knows who asks: say it with --as NAME.');
  }
}

export function contextOf(command: Command): Context {
  const options = command.optsWithGlobals<GlobalOptions>();
  const json = options.json === true;
  const ink = inkFor(process.stdout, process.env);
  return {
    json,
    server: options.server.replace(/\/+$/, ''),
    configFile: options.config,
    actor: { by: userName(options), roles: options.role ?? [] },
    ink,
    page: () => ({ width: pageWidth(), now: Date.now(), ink }),
    say: (lines) => {
      if (!json) process.stdout.write(`${lines.join('\n')}\n`);
    },
    tell: (value) => {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
    },
  };
}

/** A pipe has no edge: nothing is cut there. */
function pageWidth(): number {
  const columns = process.stdout.isTTY ? process.stdout.columns : Number(process.env['COLUMNS'] ?? 200);
  return Number.isFinite(columns) && columns >= 40 ? columns : 80;
}
