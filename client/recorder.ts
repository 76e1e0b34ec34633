import type { EvaluationContext } from '@openfeature/server-sdk';
import type { Assignment } from './assignment.ts';
import type { RequestKey } from './path-call.ts';

/** One request as it passed a choke point: enough to run it again through both paths. */
export interface Recording {
  /** Epoch milliseconds. */
  at: number;
  flag: string;
  variant: string;
  endpoint: string;
  idempotencyKey: string;
  context: EvaluationContext;
  input: unknown;
}

export interface RecorderOptions {
  /** Requests kept, the newest. Default 1,000. */
  keep?: number;
  /** Share of the requests recorded, 0 to 1. Default 1. */
  sample?: number;
  /** What may be kept of a request, or null for nothing: a recording holds what users sent. */
  redact: (recording: Recording) => Recording | null;
  random?: () => number;
}

/** Keeps requests for `replay`. Only runs with an `input` can be repeated, so only they are kept. */
export class Recorder {
  readonly #options: Required<RecorderOptions>;
  #kept: Recording[] = [];

  constructor({ keep = 1_000, sample = 1, redact, random = Math.random }: RecorderOptions) {
    this.#options = { keep, sample, redact, random };
  }

  /** Never throws: a recording never costs a user the page. */
  record(passage: {
    assignment: Assignment;
    key: RequestKey;
    input: unknown;
    endpoint: string | undefined;
  }): void {
    const { keep, sample, redact, random } = this.#options;
    if (passage.input === undefined || keep <= 0 || random() >= sample) return;
    const { flag, variant, context } = passage.assignment;
    try {
      const kept = redact({
        at: Date.now(),
        flag,
        variant,
        endpoint: passage.endpoint ?? '',
        idempotencyKey: passage.key.value,
        // As it is now: the application may go on to change it.
        ...structuredClone({ context, input: passage.input }),
      });
      if (kept === null) return;
      this.#kept.push(kept);
      if (this.#kept.length > keep) this.#kept.shift();
    } catch {
      // What cannot be copied or redacted is not kept.
    }
  }

  recordings(flag?: string): Recording[] {
    return this.#kept.filter((recording) => flag === undefined || recording.flag === flag);
  }

  /** JSON lines, for a file. */
  lines(): string {
    return this.#kept.map((recording) => `${JSON.stringify(recording)}\n`).join('');
  }

  clear(): void {
    this.#kept = [];
  }
}

/** The recordings in JSON lines. Throws `TypeError` naming the first line that is none. */
export function readRecordings(lines: string): Recording[] {
  return lines.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const recording = parse(line);
    if (recording === null) throw new TypeError(`Line ${index + 1} is not a recording.`);
    return [recording];
  });
}

function parse(line: string): Recording | null {
  try {
    const value = JSON.parse(line) as Partial<Recording> | null;
    const texts = [value?.flag, value?.variant, value?.idempotencyKey, value?.endpoint];
    const whole = texts.every((text) => typeof text === 'string') && typeof value?.context === 'object';
    return whole && value !== null && 'input' in value ? (value as Recording) : null;
  } catch {
    return null;
  }
}
