import { userInfo } from 'node:os';
import type { Command } from 'commander';
import { Failure } from '../plans/failures.ts';
import { type Credential, credentialFor } from './credentials.ts';
import { type Ink, inkFor } from './render/ink.ts';
import type { Page } from './render/status.ts';

/** Options that every command understands. */
export interface GlobalOptions {
  json?: boolean;
  server: string;
  config?: string;
  token?: string;
  as?: string;
  role?: string[];
}

/** One invocation: who asks, of which server, and how the answer is wanted. */
export interface Context {
  json: boolean;
  server: string;
  /** Path of tidegate.yaml where one was named. */
  configFile: string | undefined;
  /** What the server knows this command by; null: nothing was found. */
  credential: () => Promise<Credential | null>;
  /** What a request says of its sender beside the token: somebody else where that was asked for. */
  named: () => Promise<{ by?: string; roles?: string[] }>;
  /** Who sits at this machine, for what goes past the server. */
  user: () => string;
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
  const server = options.server.replace(/\/+$/, '');
  let found: Promise<Credential | null> | undefined;
  const credential = () => {
    found ??= credentialFor({
      server,
      token: options.token,
      configFile: options.config,
      env: process.env,
    });
    return found;
  };
  return {
    json,
    server,
    configFile: options.config,
    credential,
    user: () => userName(options),
    async named() {
      // The administrator's token of this machine is nobody's name; whoever uses it is.
      const by = (await credential())?.local === true ? userName(options) : options.as;
      return {
        ...(by === undefined ? {} : { by }),
        ...(options.role === undefined ? {} : { roles: options.role }),
      };
    },
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
